// Bad input and bad days (issue 3, section 6): a clear error, the right exit code, and nothing
// lost.
#include <arpa/inet.h>
#include <csignal>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/fd.h"
#include "base/file_disk.h"
#include "journal/file_journal.h"
#include "system/binary.h"

namespace seckill::testing {
namespace {

namespace fs = std::filesystem;

// A server's directory with one sale and some orders, stopped in order.
void sell(const fs::path& directory, int units, const std::vector<std::string>& more = {}) {
  Server server(directory, more);
  ASSERT_TRUE(server.up()) << server.program().err();
  create_sale(server, R"({"id":"car","stock":1000})");
  for (int i = 0; i < units; ++i)
    ASSERT_EQ(buy(server, "car", fmt::format("u{}", i), fmt::format("k{}", i)).status, 201);
  ASSERT_EQ(server.stop(), 0) << server.program().err();
}

// It must not start: exit code, words, and not a byte changed but for the lock file's pid.
void refuses(const fs::path& directory, int code, const std::string& words,
             const std::vector<std::string>& more = {}) {
  const fs::path data = directory / "data";
  const bool was_there = fs::exists(data);
  auto before = was_there ? contents(data) : std::map<std::string, std::string>{};
  Server server(directory, more);
  EXPECT_FALSE(server.up());
  EXPECT_EQ(server.program().wait(), code) << server.program().err();
  EXPECT_NE(server.program().err().find(words), std::string::npos)
      << "no \"" << words << "\" in: " << server.program().err();
  EXPECT_EQ(server.program().out(), "");
  if (!was_there) return;
  auto after = contents(data);
  before.erase("lock"), after.erase("lock");
  for (const auto& [name, bytes] : before)
    EXPECT_TRUE(after.count(name) == 1 && after[name] == bytes) << name << " changed";
  EXPECT_EQ(after.size(), before.size()) << "files appeared";
}

TEST(BadDays, AForeignDirectoryIsLeftAlone) {
  const TempDir dir;
  fs::create_directory(dir.path() / "data");
  put_text(dir.path() / "data" / "thesis.txt", "years of work");
  refuses(dir.path(), 2, "none of seckill's");
}

TEST(BadDays, AFileInPlaceOfTheDirectoryIsSaidSo) {
  const TempDir dir;
  put_text(dir.path() / "data", "a file");
  Server server(dir.path());
  EXPECT_EQ(server.program().wait(), 2) << server.program().err();
  EXPECT_EQ(file_text(dir.path() / "data"), "a file");
}

// A format that this build does not know, with a right checksum: a newer seckill wrote it.
TEST(BadDays, ANewerFormatIsRefused) {
  const TempDir dir;
  sell(dir.path(), 1);
  const fs::path segment = dir.path() / "data" / "00000001.seg";
  std::string text = file_text(segment);
  text[4] = 9;
  const std::uint32_t crc = crc32c(std::as_bytes(std::span(text.data(), 40)));
  std::memcpy(text.data() + 40, &crc, sizeof crc);
  put_text(segment, text);
  refuses(dir.path(), 5, "format");
}

TEST(BadDays, AHalfDeletedDirectoryIsRefused) {
  const TempDir dir;
  sell(dir.path(), 1);
  for (const auto& entry : fs::directory_iterator(dir.path() / "data")) {
    if (entry.path().extension() == ".seg") fs::remove(entry.path());
  }
  refuses(dir.path(), 5, "the rows know");
}

// "Busy", as when a slow disk has no next segment yet, is asked again for a minute.
app::HttpReply bought(const Server& server, const std::string& buyer, const std::string& key) {
  app::HttpReply reply;
  for (int i = 0; i < 3'000; ++i) {
    reply = buy(server, "car", buyer, key);
    if (field(reply.body, "code") != "busy") break;
    std::this_thread::sleep_for(milliseconds(20));
  }
  return reply;
}

// The first of two segments is gone; the second one alone proves nothing.
TEST(BadDays, AMissingSegmentIsNamed) {
  const TempDir dir;
  {
    Server server(dir.path(), {}, {.environment = {{"SECKILL_SEGMENT_SIZE", "1MiB"}}});
    ASSERT_TRUE(server.up()) << server.program().err();
    create_sale(server, R"({"id":"car","stock":1000})");
    for (int i = 0; i < 270; ++i)
      ASSERT_EQ(bought(server, fmt::format("u{}", i), fmt::format("k{}", i)).status, 201);
    ASSERT_EQ(server.stop(), 0);
  }
  fs::remove(dir.path() / "data" / "00000001.seg");
  refuses(dir.path(), 5, "segment 1");
}

// Goal: a byte of the last block rots; the rows know that it was durable, so verify and doctor do,
// too. Without rows it looks like a last write that broke off, and that is said.
TEST(BadDays, RotOfTheLastBlockIsToldByTheRows) {
  const TempDir dir;
  sell(dir.path(), 3);
  const std::vector<std::string> verify{"journal", "verify", "--journal", "file:data"};
  ASSERT_EQ(run(dir.path(), verify).code, 0);
  const fs::path segment = dir.path() / "data" / "00000001.seg";
  std::string text = file_text(segment);
  const std::size_t last = text.find_last_not_of('\0');
  ASSERT_NE(last, std::string::npos);
  text[last] = static_cast<char>(text[last] ^ 1);
  put_text(segment, text);
  const Ran known = run(dir.path(), verify);
  EXPECT_EQ(known.code, 5) << known.out;
  EXPECT_NE(known.err.find("the rows know"), std::string::npos) << known.err;
  const Ran doctor = run(dir.path(), {"doctor", "--only", "journal", "--journal", "file:data"});
  EXPECT_EQ(doctor.code, 1) << doctor.out;
  fs::remove(dir.path() / "data" / "orders.db");
  const Ran unknown = run(dir.path(), verify);
  EXPECT_EQ(unknown.code, 0) << unknown.err;
  EXPECT_NE(unknown.err.find("cannot be told apart"), std::string::npos) << unknown.err;
}

TEST(BadDays, TheDoctorSeesAForeignDirectory) {
  const TempDir dir;
  fs::create_directory(dir.path() / "data");
  put_text(dir.path() / "data" / "thesis.txt", "years of work");
  put_text(dir.path() / "file", "");
  for (const char* place : {"file:data", "file:file"})
    EXPECT_EQ(run(dir.path(), {"doctor", "--only", "directory", "--journal", place}).code, 1)
        << place;
}

// Rows may be missing: they are a view, and rebuilt.
TEST(BadDays, MissingRowsAreRebuilt) {
  const TempDir dir;
  sell(dir.path(), 3);
  fs::remove(dir.path() / "data" / "orders.db");
  Server server(dir.path());
  ASSERT_TRUE(server.up()) << server.program().err();
  EXPECT_EQ(run(dir.path(), {"audit", "--journal", "file:data", "--wait", "10s"}).code, 0);
  EXPECT_EQ(server.stop(), 0);
}

TEST(BadDays, RowsOfAnotherJournalAreRefused) {
  const TempDir dir, other;
  sell(dir.path(), 3);
  sell(other.path(), 1);
  fs::copy_file(other.path() / "data" / "orders.db", dir.path() / "data" / "orders.db",
                fs::copy_options::overwrite_existing);
  refuses(dir.path(), 5, "another journal");
}

// An older copy of the journal beside newer rows: somebody restored half a backup.
TEST(BadDays, RowsAheadOfTheJournalAreRefused) {
  const TempDir dir;
  sell(dir.path(), 1);
  const std::string older = file_text(dir.path() / "data" / "00000001.seg");
  {
    Server server(dir.path());
    ASSERT_TRUE(server.up());
    for (int i = 10; i < 14; ++i)
      ASSERT_EQ(buy(server, "car", fmt::format("u{}", i), fmt::format("k{}", i)).status, 201);
    ASSERT_EQ(server.stop(), 0);
  }
  put_text(dir.path() / "data" / "00000001.seg", older);
  refuses(dir.path(), 5, "the rows know");
}

TEST(BadDays, ASecondProcessIsToldWhoHasTheDirectory) {
  const TempDir dir;
  Server first(dir.path());
  ASSERT_TRUE(first.up()) << first.program().err();
  Server second(dir.path());
  EXPECT_EQ(second.program().wait(), 3);
  EXPECT_NE(second.program().err().find(fmt::format("pid {}", first.program().pid())),
            std::string::npos)
      << second.program().err();
  create_sale(first, R"({"id":"car","stock":1})");
  EXPECT_EQ(first.stop(), 0) << "the first one never noticed";
}

TEST(BadDays, APortInUseNamesItsOwnerAndNothingIsMade) {
  const TempDir dir;
  const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&at), size), 0);
  ASSERT_EQ(::listen(socket.get(), 1), 0);
  ASSERT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&at), &size), 0);

  Server server(dir.path(), {}, {}, ntohs(at.sin_port));
  EXPECT_EQ(server.program().wait(), 3);
  const std::string words = fmt::format(
      "{} is used by system_test, pid {}; try --listen 127.0.0.1:0", ntohs(at.sin_port), getpid());
  EXPECT_NE(server.program().err().find(words), std::string::npos) << server.program().err();
  EXPECT_FALSE(fs::exists(dir.path() / "data"));
}

TEST(BadDays, AFullDiskAtStartIsSaidSo) {
  const TempDir dir;
  if (!small_disk(dir.path(), "size=1m"))
    GTEST_SKIP() << "needs root, for a small file system of its own";
  Server server(dir.path());
  EXPECT_EQ(server.program().wait(), 1) << server.program().err();
  EXPECT_NE(server.program().err().find("space"), std::string::npos) << server.program().err();
  umount((dir.path() / "data").c_str());
}

// J6: without a spare segment nobody new is let in, and money still lands; with space it goes on by
// itself.
TEST(BadDays, AFullDiskInMidSaleRefusesClaimsAndTakesPayments) {
  const TempDir dir;
  if (!small_disk(dir.path(), "size=4m"))
    GTEST_SKIP() << "needs root, for a small file system of its own";
  {
    const Surroundings small{.environment = {{"SECKILL_SEGMENT_SIZE", "1MiB"}}};
    Server server(dir.path(), {"--orders", "sqlite:" + dir.file("orders.db")}, small);
    ASSERT_TRUE(server.up()) << server.program().err();
    create_sale(server, R"({"id":"car","stock":2000,"hold_s":900})");
    put_text(dir.path() / "data" / "ballast", std::string(1700 << 10, 'x'));
    std::string order;
    app::HttpReply last;
    int sold = 0;
    bool full = false;  // before it says so, "busy" may mean a spare that is still being made
    for (int i = 0; i < 6'000 && sold < 600; ++i) {
      full = server.program().err().find("no spare segment") != std::string::npos;
      last = buy(server, "car", fmt::format("u{}", sold), fmt::format("k{}", sold));
      if (last.status == 201) {
        order = field(last.body, "id");
        ++sold;
      } else {
        if (full) break;
        std::this_thread::sleep_for(milliseconds(10));
      }
    }
    EXPECT_TRUE(full) << server.program().err();
    EXPECT_EQ(last.status, 503) << last.body;
    EXPECT_EQ(field(last.body, "code"), "busy") << "nothing was recorded: " << last.body;
    const auto paid = server.client().ask({.method = "POST",
                                           .path = "/api/v1/orders/" + order + "/pay",
                                           .body = R"({"payment_id":"P1","amount_minor":0})"});
    ASSERT_TRUE(paid);
    EXPECT_EQ(paid->status, 200) << paid->body;

    const auto ready = [&] { return server.client().ask({.path = "/readyz"})->status; };
    EXPECT_EQ(ready(), 503);
    fs::remove(dir.path() / "data" / "ballast");
    for (int i = 0; i < 1'000 && ready() != 200; ++i) std::this_thread::sleep_for(milliseconds(10));
    EXPECT_EQ(ready(), 200) << "though nobody has asked for anything since";
    const std::string next = std::to_string(sold);
    for (int i = 0; i < 1'000 && last.status != 201; ++i) {
      last = buy(server, "car", "u" + next, "k" + next);
      if (last.status != 201) std::this_thread::sleep_for(milliseconds(10));
    }
    EXPECT_EQ(last.status, 201) << "selling resumes by itself (I10): " << last.body;
    EXPECT_EQ(server.stop(), 0) << server.program().err();
    EXPECT_EQ(run(dir.path(), {"audit", "--journal", "file:data", "--orders", "sqlite:orders.db",
                               "--wait", "10s"})
                  .code,
              0);
  }
  umount((dir.path() / "data").c_str());
}

TEST(BadDays, AReadOnlyDirectoryIsSaidSo) {
  const TempDir dir;
  sell(dir.path(), 1);
  const std::string data = (dir.path() / "data").string();
  if (unshare(CLONE_NEWNS) != 0 ||
      mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount(data.c_str(), data.c_str(), nullptr, MS_BIND, nullptr) != 0 ||
      mount(nullptr, data.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) != 0) {
    GTEST_SKIP() << "needs root, for a read-only mount";
  }
  refuses(dir.path(), 2, "Read-only file system");
  EXPECT_EQ(run(dir.path(), {"journal", "verify", "--journal", "file:data"}).code, 0)
      << "reading needs no right to write";
  umount(data.c_str());
}

TEST(BadDays, AnUnknownSaleIsAnAnswer) {
  const TempDir dir;
  Server server(dir.path());
  ASSERT_TRUE(server.up()) << server.program().err();
  const auto wire = server.client().ask({.method = "POST", .path = "/seckill/seckill"});
  ASSERT_TRUE(wire);
  EXPECT_EQ(wire->status, 404) << "never \"sold out!\": " << wire->body;
  EXPECT_EQ(buy(server, "nix", "ann", "k").status, 404);
  const Ran shown = run(dir.path(), {"sale", "show", "nix", "--server", server.url()});
  EXPECT_EQ(shown.code, 1);
  EXPECT_NE(shown.err.find("unknown-sale"), std::string::npos) << shown.err;
  EXPECT_EQ(run(dir.path(), {"audit", "nix", "--journal", "file:data", "--wait", "1s"}).code, 2);
}

// A journal whose last stamp is an hour off, made with the real part: what a clock that was set
// leaves behind.
void journal_written(const fs::path& directory, milliseconds ago) {
  fs::create_directory(directory / "data");
  auto disk = FileDisk::open((directory / "data").string());
  ASSERT_TRUE(disk) << disk.error().message;
  const RawTime stamp = machine_now().raw + (-ago);
  FileJournalOptions options{.segment_bytes = 1 << 20};
  options.genesis = {.node = Node{1}, .nonce = 1, .stamp = stamp};
  auto journal =
      FileJournal::open(**disk, options, [](std::span<const Entry>) -> Status { return {}; });
  ASSERT_TRUE(journal) << journal.error().message;
  SaleTerms terms{.uid = SaleUid{7},
                  .name = *SaleName::from("car"),
                  .stock = 10,
                  .orders_max = 100,
                  .starts_at = RawTime{1},
                  .hold_ms = 900'000};
  const Claim claim = claim_of(
      {.sale = terms.name, .buyer = *Buyer::from("ann"), .key = *Key::from("k-ann")}, terms);
  const Record records[] = {{{}, SaleRecord{terms}},
                            {{},
                             Reserve{.sale = claim.sale,
                                     .order = claim.order,
                                     .buyer = claim.buyer,
                                     .key = claim.key,
                                     .body = claim.body,
                                     .quantity = 1,
                                     .asked_at = {}}}};
  (*journal)->append(records, stamp);
  while (!(*journal)->poll()) std::this_thread::sleep_for(milliseconds(1));
}

// N27, A13: the clock is set back or forward by an hour between two records. No hold ends early,
// none is kept for ever, and it goes on selling.
TEST(BadDays, AClockSetByAnHourEndsNoHold) {
  for (const milliseconds ago : {milliseconds(3'600'000), milliseconds(-3'600'000)}) {
    SCOPED_TRACE(ago.count());
    const TempDir dir;
    journal_written(dir.path(), ago);
    Server server(dir.path());
    ASSERT_TRUE(server.up()) << server.program().err();
    EXPECT_EQ(buy(server, "car", "bob", "k-bob").status, 201);
    const auto ann = buy(server, "car", "ann", "k-ann");
    EXPECT_EQ(ann.status, 200) << ann.body;
    EXPECT_EQ(field(ann.body, "state"), "held");
    EXPECT_EQ(run(dir.path(), {"audit", "--journal", "file:data", "--wait", "30s"}).code, 0);
    EXPECT_EQ(server.stop(), 0);
  }
}

Fd connected_to(const Server& server) {
  Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(server.port());
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  return socket;
}

// The reply to one purchase of the demo's wire; short enough to come in one piece. "Busy", as when
// a slow disk has no next segment yet, is asked again for ten seconds.
std::string bought_over(const Fd& socket) {
  static constexpr std::string_view kAsk =
      "POST /seckill/seckill HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
  std::string reply;
  for (int i = 0; i < 500; ++i) {
    char bytes[1024];
    if (::send(socket.get(), kAsk.data(), kAsk.size(), MSG_NOSIGNAL) < 0) return "not sent";
    const auto size = ::recv(socket.get(), bytes, sizeof bytes, 0);
    if (size <= 0) return "the door is closed";
    reply.assign(bytes, static_cast<std::size_t>(size));
    if (reply.find(R"("code":"busy")") == std::string::npos) break;
    std::this_thread::sleep_for(milliseconds(20));
  }
  return reply;
}

// T36: idle connections take all the files they can get, and the journal still finds its next
// segments, more than once.
TEST(BadDays, ACrowdLeavesFilesForTheJournal) {
  const TempDir dir;
  Server server(dir.path(), {},
                {.environment = {{"SECKILL_SEGMENT_SIZE", "1MiB"}}, .open_files = 256});
  ASSERT_TRUE(server.up()) << server.program().err();
  create_sale(server, R"({"id":"car","stock":2000})");
  const Fd buyer = connected_to(server);
  ASSERT_NE(bought_over(buyer).find("[1999]"), std::string::npos);
  std::vector<Fd> idle;
  for (int i = 0; i < 400; ++i) idle.push_back(connected_to(server));
  for (int left = 1998; left >= 1300; --left) {
    const std::string reply = bought_over(buyer);
    ASSERT_NE(reply.find(fmt::format("[{}]", left)), std::string::npos)
        << reply << server.program().err();
  }
  idle.clear();
  EXPECT_TRUE(fs::exists(dir.path() / "data" / "00000003.seg"));
  EXPECT_EQ(server.stop(), 0) << server.program().err();
  EXPECT_EQ(run(dir.path(), {"audit", "--journal", "file:data", "--wait", "10s"}).code, 0);
}

// T36: no file is left for another connection. Who is in is served, who comes is told or closed,
// never left hanging; and with files again, all is well.
TEST(BadDays, AServerWithoutFilesGoesOn) {
  const TempDir dir;
  Server server(dir.path(), {}, {.open_files = 48});
  ASSERT_TRUE(server.up()) << server.program().err();
  create_sale(server, R"({"id":"car","stock":10})");
  {
    std::vector<Fd> idle;
    for (int i = 0; i < 100; ++i) idle.push_back(connected_to(server));
    const SteadyTime before = machine_now().steady;
    (void)server.client().ask({.path = "/livez"});  // an answer or a closed door
    EXPECT_LT(machine_now().steady - before, microseconds(5'000'000));
  }
  app::HttpReply reply;
  for (int i = 0; i < 400 && reply.status != 201; ++i) {
    const auto tried = server.client().ask({.method = "POST",
                                            .path = "/api/v1/sales/car/orders",
                                            .body = R"({"buyer":"ann","quantity":1})",
                                            .headers = {{"Idempotency-Key", "k1"}}});
    if (tried) reply = *tried;
    if (reply.status != 201) std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_EQ(reply.status, 201) << reply.body;
  EXPECT_EQ(server.stop(), 0) << server.program().err();
}

// A second after a turn comes a TICK; behind it nothing is written until somebody asks.
bool ends_with_a_tick(const fs::path& directory) {
  const Ran dump = run(directory, {"journal", "dump", "--journal", "file:data"});
  EXPECT_EQ(dump.code, 0) << dump.err;
  return dump.out.find(R"("kind":"TICK")", dump.out.rfind(R"("kind":"RESERVE")")) !=
         std::string::npos;
}

// A write of the journal fails: final, whatever the reason. Who is in flight hears "ask again"
// (I11), the process ends non-zero, and the restart reads the truth back.
TEST(BadDays, AJournalThatCannotBeWrittenEndsTheProcess) {
  const TempDir dir;
  std::string first;
  {
    Server server(dir.path(), {}, {.environment = {{"SECKILL_SEGMENT_SIZE", "1MiB"}}});
    ASSERT_TRUE(server.up()) << server.program().err();
    create_sale(server, R"({"id":"car","stock":10})");
    first = field(buy(server, "car", "ann", "k1").body, "id");
    while (!HasFailure() && !ends_with_a_tick(dir.path())) {
    }
    // The spare segment is written: the limit meets nobody but the next block.
    const fs::path spare = dir.path() / "data" / "00000002.seg";
    std::error_code absent;
    while (fs::file_size(spare, absent) != 1 << 20 && !server.program().ended())
      std::this_thread::sleep_for(milliseconds(5));
    const rlimit none{16 << 10,
                      RLIM_INFINITY};  // the next block would end behind it; log lines do not
    ASSERT_EQ(prlimit(server.program().pid(), RLIMIT_FSIZE, &none, nullptr), 0);
    const auto unsure = buy(server, "car", "bob", "k2");
    EXPECT_EQ(unsure.status, 503) << unsure.body;
    EXPECT_EQ(field(unsure.body, "code"), "outcome-unknown") << unsure.body;
    EXPECT_EQ(server.program().wait(), 1) << server.program().err();
    EXPECT_NE(server.program().err().find("File too large"), std::string::npos)
        << server.program().err();
  }
  Server server(dir.path());
  ASSERT_TRUE(server.up()) << server.program().err();
  EXPECT_EQ(field(buy(server, "car", "ann", "k1").body, "id"), first);
  const auto bob = buy(server, "car", "bob", "k2");
  EXPECT_TRUE(bob.status == 201 || bob.status == 200) << bob.body;
  EXPECT_EQ(run(dir.path(), {"audit", "--journal", "file:data", "--wait", "30s"}).code, 0);
  EXPECT_EQ(server.stop(), 0);
}

// SIGTERM: not ready at once, still selling for drain_delay, then out with 0, rows and all.
TEST(BadDays, SigtermDrains) {
  const TempDir dir;
  Server server(dir.path(), {"--drain-delay", "5s"});
  ASSERT_TRUE(server.up()) << server.program().err();
  create_sale(server, R"({"id":"car","stock":10})");
  server.program().signal(SIGTERM);
  int status = 200;
  while (status == 200) {
    const auto ready = server.client().ask({.path = "/readyz"});
    ASSERT_TRUE(ready) << ready.error().message;
    status = ready->status;
  }
  EXPECT_EQ(status, 503);
  EXPECT_EQ(buy(server, "car", "ann", "k1").status, 201);
  EXPECT_EQ(server.program().wait(), 0) << server.program().err();
  EXPECT_EQ(run(dir.path(), {"audit", "--journal", "file:data"}).code, 0)
      << "the rows have caught up";
}

TEST(BadDays, ASecondSigtermEndsAtOnce) {
  const TempDir dir;
  Server server(dir.path(), {"--drain-delay", "5m"});
  ASSERT_TRUE(server.up()) << server.program().err();
  server.program().signal(SIGTERM);
  while (server.program().err().find("draining") == std::string::npos)
    std::this_thread::sleep_for(milliseconds(2));
  server.program().signal(SIGTERM);
  EXPECT_EQ(server.program().wait(), 130);
}

}  // namespace
}  // namespace seckill::testing
