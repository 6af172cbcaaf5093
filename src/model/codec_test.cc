#include "model/codec.h"

#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <string>

namespace seckill {
namespace {

std::vector<std::byte> bytes_of(const Record& record) {
  std::vector<std::byte> bytes;
  encode(record, bytes);
  return bytes;
}

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned>(byte));
  return text;
}

// One record of each kind, every field set to something that no other field has.
std::vector<std::pair<std::string, Record>> one_of_each() {
  const Origin origin{Node{0x1122334455667788}, {7, 9}};
  SaleTerms terms{.uid = SaleUid{0xcafe},
                  .version = 3,
                  .name = *SaleName::from("car"),
                  .title = *Title::from("汽车"),
                  .secret = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}},
                  .stock = 100,
                  .withdrawn = 5,
                  .per_buyer = 2,
                  .orders_max = 1400,
                  .price_minor = 990,
                  .currency = *Currency::from("CNY"),
                  .starts_at = {1'763'990'000'000},
                  .ends_at = {1'763'990'060'000},
                  .hold_ms = 900'000,
                  .standing = Standing::kPaused};
  const OrderId order{{0x0000cafe01020304, 0x05060708090a0b0c}};
  return {
      {"SALE", {origin, SaleRecord{terms}}},
      {"RESERVE",
       {origin,
        Reserve{
            SaleUid{0xcafe}, order, *Buyer::from("ann"), *Key::from("k-1"), 0xb0d1, 2, {12'345}}}},
      {"PAY", {origin, Pay{order, *PaymentId::from("pay_1"), 1980}}},
      {"CANCEL", {origin, Cancel{order}}},
      {"TICK", {origin, Tick{Rules{1}, Position{42}, Digest{0xd16e57}, 0xabcdef}}},
  };
}

TEST(Codec, GivesBackWhatWasWritten) {
  for (const auto& [kind, record] : one_of_each()) {
    const auto back = decode(bytes_of(record));
    ASSERT_TRUE(back.has_value()) << kind << ": " << back.error().message;
    EXPECT_EQ(*back, record) << kind;
  }
}

// The format is a promise to every journal ever written: these bytes change only with a new format
// number.
TEST(Codec, WritesTheGoldenBytes) {
  std::string now;
  for (const auto& [kind, record] : one_of_each()) now += kind + " " + hex(bytes_of(record)) + "\n";
  std::ifstream file(SECKILL_SOURCE_DIR "/src/model/golden/records.hex");
  const std::string golden{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(now, golden);
}

TEST(Codec, RefusesEveryCutAndEveryTail) {
  for (const auto& [kind, record] : one_of_each()) {
    std::vector<std::byte> bytes = bytes_of(record);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut)
      EXPECT_FALSE(decode(std::span(bytes).first(cut)).has_value()) << kind << " cut at " << cut;
    bytes.push_back({});
    EXPECT_FALSE(decode(bytes).has_value()) << kind;
  }
}

TEST(Codec, NamesANewerFormat) {
  std::vector<std::byte> bytes = bytes_of(one_of_each()[3].second);
  bytes[0] = std::byte{2};
  const auto back = decode(bytes);
  ASSERT_FALSE(back.has_value());
  EXPECT_EQ(back.error().code, Error::Code::kCorrupt);
  EXPECT_NE(back.error().message.find("format 2"), std::string::npos) << back.error().message;
}

// Whatever the bytes: a record whose encoding they are, or an error (promises 2 and 3).
TEST(Codec, IsTotalAndHasOneEncoding) {
  std::mt19937_64 random(20'261'124);
  const auto records = one_of_each();
  int decoded = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::vector<std::byte> bytes = bytes_of(records[random() % records.size()].second);
    for (auto flips = 1 + random() % 3; flips > 0; --flips)
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    const auto back = decode(bytes);
    if (!back) continue;
    ++decoded;
    ASSERT_EQ(bytes_of(*back), bytes);
  }
  EXPECT_GT(decoded, 1'000);
}

TEST(Codec, KeepsEveryRecordUnderTheBound) {
  auto records = one_of_each();
  auto& terms = std::get<SaleRecord>(records[0].second.body).terms;
  terms.name = *SaleName::from(std::string(64, 'n'));
  terms.title = *Title::from(std::string(120, 't'));
  auto& reserve = std::get<Reserve>(records[1].second.body);
  reserve.buyer = *Buyer::from(std::string(64, 'b'));
  reserve.key = *Key::from(std::string(64, 'k'));
  for (const auto& [kind, record] : records)
    EXPECT_LE(bytes_of(record).size(), kRecordBytesMax) << kind;
}

TEST(Words, AnOrderIdIsItsText) {
  const OrderId id{{0x0000cafe01020304, 0x05060708090a0b0c}};
  EXPECT_EQ(to_text(id), "0000cafe0102030405060708090a0b0c");
  EXPECT_EQ(order_id_from(to_text(id)).value(), id);
  for (const char* bad :
       {"", "0000CAFE0102030405060708090a0b0c", "0000cafe0102030405060708090a0b0", "zz"})
    EXPECT_FALSE(order_id_from(bad).has_value()) << bad;
}

// A3: the id is bound to sale, buyer and key, and to how they are split.
TEST(Claim, AnIdIsBoundToSaleBuyerAndKey) {
  const SaleTerms terms = std::get<SaleRecord>(one_of_each()[0].second.body).terms;
  const auto id = [&](const char* buyer, const char* key) {
    return order_id_of(terms, *Buyer::from(buyer), *Key::from(key));
  };
  EXPECT_EQ(id("ab", "c"), id("ab", "c"));
  EXPECT_NE(id("ab", "c"), id("a", "bc"));
  EXPECT_EQ(id("ab", "c").sale(), terms.uid);
  SaleTerms other = terms;
  other.secret.bytes[0] ^= 1;
  EXPECT_NE(order_id_of(other, *Buyer::from("ab"), *Key::from("c")), id("ab", "c"));
}

TEST(Text, TakesTokensOnly) {
  EXPECT_TRUE(Buyer::from("A-z_09"));
  EXPECT_TRUE(Buyer::from(std::string(64, 'x')));
  for (const char* bad : {"", " ", "a b", "a\r\nb", "ü", "a'b", "a\"", "../x"})
    EXPECT_FALSE(Buyer::from(bad)) << bad;
  EXPECT_FALSE(Buyer::from(std::string(65, 'x')));
}

}  // namespace
}  // namespace seckill
