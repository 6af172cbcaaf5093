// The real binary in a test: commands that end, and servers that are killed. Each in a directory of
// its own, on a port of its own; none outlives the test.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

#include "app/client.h"
#include "support/temp_dir.h"

namespace seckill::testing {

struct Surroundings {
  std::map<std::string, std::string> environment;    // beside the test's own
  std::uint64_t open_files = 0;                      // hard limit; 0: as it is
  std::vector<std::string> command{SECKILL_BINARY};  // or ours under another, by its whole path
};

// One process; SIGKILL and reaped at the end.
class Program {
 public:
  Program(const std::filesystem::path& directory, std::vector<std::string> arguments,
          const Surroundings& setup = {});
  Program(Program&& other) noexcept;
  ~Program();

  void signal(int number) const;
  int wait();    // exit code, or 128 + signal; ends the test after a minute
  bool ended();  // without waiting
  pid_t pid() const { return pid_; }
  std::string out() const;  // stdout so far
  std::string err() const;

 private:
  std::filesystem::path stem_;  // of the files that hold its words
  pid_t pid_ = -1;
  int code_ = -1;
};

struct Ran {
  int code = -1;
  std::string out, err;
};
Ran run(const std::filesystem::path& directory, std::vector<std::string> arguments,
        const Surroundings& setup = {});

// scripts/audit-outside over directory/data and these rows.
Ran outside_audit(const std::filesystem::path& directory, const std::string& orders,
                  std::vector<std::string> more);

// `seckill serve` on any free port, or on the one given; its data is in directory/data.
class Server {
 public:
  explicit Server(const std::filesystem::path& directory, const std::vector<std::string>& more = {},
                  const Surroundings& setup = {}, std::uint16_t port = 0);

  bool up() const { return port_ != 0; }
  std::uint16_t port() const { return port_; }
  std::string url(const std::string& path = "") const;
  app::Client client(const std::string& token = "") const;
  Program& program() { return program_; }

  int stop();   // SIGTERM; its exit code
  void kill();  // SIGKILL

 private:
  Program program_;
  std::uint16_t port_ = 0;  // 0: it ended instead
};

// The API, as tests use it.
app::HttpReply create_sale(const Server& server, const std::string& json);
app::HttpReply buy(const Server& server, const std::string& sale, const std::string& buyer,
                   const std::string& key);
std::string field(const std::string& json,
                  const std::string& name);  // of a flat object: text or number
bool is_json(const std::string& text);
// Until a sale's field has this value; fails the test after ten seconds.
void wait_for(const Server& server, const std::string& sale, const std::string& name,
              const std::string& value);

// A file system of its own at directory/data, seen by this test and its children alone; false where
// that needs rights we have not. options: "size=4m".
bool small_disk(const std::filesystem::path& directory, const std::string& options);

std::string file_text(const std::filesystem::path& file);
void put_text(const std::filesystem::path& file, const std::string& text);
void put_secret(const std::filesystem::path& file, const std::string& text);  // mode 0600
// Names and bytes below it: equal before and after means nothing was written.
std::map<std::string, std::string> contents(const std::filesystem::path& directory);

}  // namespace seckill::testing
