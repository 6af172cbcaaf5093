#include "drill/reply.h"

#include <gtest/gtest.h>
#include <string>

namespace seckill {
namespace {

using std::string_literals::operator""s;

const Reply& reply_of(const ReadReply& read) { return std::get<Reply>(read); }
std::string why(std::string_view bytes) {
  const ReadReply read = read_reply(bytes, false);
  const auto* bad = std::get_if<Malformed>(&read);
  return bad == nullptr ? "" : bad->why;
}

TEST(Reply, IsReadWithItsLength) {
  const std::string bytes =
      "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\nRetry-After:  2 \r\n"
      "Idempotent-Replayed: true\r\n\r\nbusyHTTP/1.1";
  const ReadReply read = read_reply(bytes, false);
  EXPECT_EQ(reply_of(read).status, 503);
  EXPECT_EQ(reply_of(read).body, "busy");
  EXPECT_EQ(reply_of(read).size, bytes.size() - 8);
  EXPECT_EQ(reply_of(read).retry_after, std::chrono::seconds(2));
  EXPECT_TRUE(reply_of(read).replayed);
  EXPECT_TRUE(reply_of(read).keep_alive);
}

TEST(Reply, IsReadInChunksWithTrailers) {
  const ReadReply read = read_reply(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nsol\r\nA\r\nd out! 123\r\n"
      "0\r\nSum: 1\r\n\r\n",
      false);
  EXPECT_EQ(reply_of(read).body, "sold out! 123");
}

TEST(Reply, EndsWithTheConnectionWhenNothingElseSays) {
  const std::string bytes = "HTTP/1.0 200 OK\r\n\r\n[5]";
  EXPECT_TRUE(std::holds_alternative<NeedMore>(read_reply(bytes, false)));
  const ReadReply read = read_reply(bytes, true);
  EXPECT_EQ(reply_of(read).body, "[5]");
  EXPECT_FALSE(reply_of(read).keep_alive);
}

TEST(Reply, SkipsInterimRepliesAndNeedsNoBodyFor204) {
  const ReadReply read = read_reply(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", false);
  EXPECT_EQ(reply_of(read).status, 204);
  EXPECT_FALSE(reply_of(read).keep_alive);
}

// Every cut of a good reply wants more; none is read as something else.
TEST(Reply, CutAnywhereWantsMore) {
  for (const std::string& bytes :
       {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[1]"s,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1]\r\n0\r\n\r\n"s}) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_TRUE(std::holds_alternative<NeedMore>(read_reply(bytes.substr(0, size), false)))
          << size;
    }
    EXPECT_EQ(reply_of(read_reply(bytes, false)).size, bytes.size());
  }
}

TEST(Reply, RefusesWhatCouldBeReadInTwoWays) {
  const auto with = [](std::string_view header) {
    return why("HTTP/1.1 200 OK\r\n" + std::string(header) + "\r\n\r\nxxxxxxxxxxxx");
  };
  EXPECT_EQ(with("Content-Length: 3\r\nContent-Length: 4"), "bad Content-Length");
  EXPECT_EQ(with("Content-Length: +3"), "bad Content-Length");
  EXPECT_EQ(with("Content-Length: 3, 3"), "bad Content-Length");
  EXPECT_EQ(with("Content-Length: 99999999999999999999"), "bad Content-Length");
  EXPECT_EQ(with("Content-Length: 9999999"), "body too long");
  EXPECT_EQ(with("Content-Length: 3\r\nTransfer-Encoding: chunked"),
            "both Content-Length and chunks");
  EXPECT_EQ(with("Transfer-Encoding: gzip, chunked"), "Transfer-Encoding is not chunked");
  EXPECT_EQ(with("Content-Length : 3"), "bad header line");
  EXPECT_EQ(with(" folded"), "bad header line");
  EXPECT_EQ(with("A: b\nContent-Length: 3"), "control byte in a header");
  EXPECT_EQ(with("Transfer-Encoding: chunked"), "");
  EXPECT_EQ(why("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n"),
            "bad chunk size");
  EXPECT_EQ(why("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n"),
            "chunk without its end");
}

TEST(Reply, RefusesWhatIsNoHttpAsSoonAsItShows) {
  EXPECT_EQ(why("SSH-2.0"), "not HTTP/1.1");
  EXPECT_EQ(why("HTTP/2.0 200 OK\r\n\r\n"), "not HTTP/1.1");
  EXPECT_EQ(why("HTTP/1.1 2x0 OK\r\n\r\n"), "bad status line");
  EXPECT_EQ(why("HTTP/1.1 999 OK\r\n\r\n"), "bad status line");
  EXPECT_EQ(why("HTTP/1.1 200 OK\r\n" + std::string(20'000, 'a')), "head too long");
}

// Moving a reply must not leave its body behind: short chunked bodies live inside the object.
TEST(Reply, MovesWithItsBody) {
  ReadReply read = read_reply(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[7]\r\n0\r\n\r\n", false);
  const Reply moved = std::move(std::get<Reply>(read));
  read = NeedMore{};
  EXPECT_EQ(moved.body, "[7]");
}

TEST(Reply, JsonTextsAreFoundByName) {
  const std::string_view json =
      R"({"detail":"a \"code\":\"fake\" here", "codes":"no", "code" : "sold-out","n":1})";
  EXPECT_EQ(json_text(json, "code"), "sold-out");
  EXPECT_EQ(json_text(json, "n"), "");
  EXPECT_EQ(json_text(json, "absent"), "");
  EXPECT_EQ(json_text(R"({"code":"cut)", "code"), "cut");
  EXPECT_EQ(json_text(R"({"code":"\)", "code"), "\\");
  EXPECT_EQ(json_text("code", "code"), "");
}

}  // namespace
}  // namespace seckill
