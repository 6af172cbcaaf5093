#include "app/spell.h"

#include <gtest/gtest.h>

namespace seckill::app {
namespace {

TEST(Spell, CountsEditsAndSwaps) {
  EXPECT_EQ(edit_distance("serve", "serve"), 0u);
  EXPECT_EQ(edit_distance("srve", "serve"), 1u);
  EXPECT_EQ(edit_distance("sevre", "serve"), 1u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(Spell, SuggestsWhatWasMeantAndNothingElse) {
  const std::vector<std::string> known{"serve", "sale", "audit", "doctor"};
  EXPECT_EQ(nearest("sevre", known), "serve");
  EXPECT_EQ(nearest("audti", known), "audit");
  EXPECT_EQ(nearest("quantum", known), "");
  EXPECT_EQ(did_you_mean("sal", known), "; did you mean sale?");
  EXPECT_EQ(did_you_mean("port", {"limit", "listen"}, "--"), "; did you mean --listen?");
  EXPECT_EQ(did_you_mean("port", {"stock"}, "--"), "");
  EXPECT_EQ(did_you_mean("stok", {"stock"}, "--"), "; did you mean --stock?");
}

}  // namespace
}  // namespace seckill::app
