#include "system/binary.h"

#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sched.h>
#include <sstream>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace seckill::testing {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> environment_with(const Surroundings& setup) {
  std::vector<std::string> all;
  for (char** at = environ; *at != nullptr; ++at) {
    if (!std::string_view(*at).starts_with("SECKILL_")) all.emplace_back(*at);
  }
  for (const auto& [name, value] : setup.environment)
    all.push_back(fmt::format("{}={}", name, value));
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

fs::path next_stem(const fs::path& directory) {
  static std::atomic<int> count{0};
  return directory / fmt::format("program-{}", ++count);
}

std::vector<std::string> serve_arguments(const fs::path& directory,
                                         const std::vector<std::string>& more, std::uint16_t port) {
  std::vector<std::string> all{"serve",
                               "--listen",
                               fmt::format("127.0.0.1:{}", port),
                               "--journal",
                               "file:" + (directory / "data").string(),
                               "--port-file",
                               (directory / "port").string()};
  all.insert(all.end(), more.begin(), more.end());
  std::error_code ignored;
  fs::remove(directory / "port", ignored);
  return all;
}

}  // namespace

Program::Program(const fs::path& directory, std::vector<std::string> arguments,
                 const Surroundings& setup)
    : stem_(next_stem(directory)) {
  arguments.insert(arguments.begin(), setup.command.begin(), setup.command.end());
  auto variables = environment_with(setup);
  const auto argument_pointers = pointers(arguments);
  const auto variable_pointers = pointers(variables);
  const std::string out = stem_.string() + ".out", err = stem_.string() + ".err";
  pid_ = fork();
  if (pid_ != 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
  dup2(open(out.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600), STDOUT_FILENO);
  dup2(open(err.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600), STDERR_FILENO);
  if (setup.open_files > 0) {
    const rlimit limit{setup.open_files, setup.open_files};
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  if (chdir(directory.c_str()) == 0)
    execve(argument_pointers[0], argument_pointers.data(), variable_pointers.data());
  _exit(127);
}

Program::Program(Program&& other) noexcept
    : stem_(std::move(other.stem_)), pid_(std::exchange(other.pid_, -1)), code_(other.code_) {}

Program::~Program() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void Program::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

bool Program::ended() {
  if (pid_ <= 0) return true;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
  pid_ = -1;
  code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return true;
}

int Program::wait() {
  for (int i = 0; i < 12'000 && !ended(); ++i) std::this_thread::sleep_for(milliseconds(5));
  EXPECT_TRUE(ended()) << "still running after a minute: " << err();
  return code_;
}

std::string Program::out() const { return file_text(stem_.string() + ".out"); }
std::string Program::err() const { return file_text(stem_.string() + ".err"); }

Ran run(const fs::path& directory, std::vector<std::string> arguments, const Surroundings& setup) {
  Program program(directory, std::move(arguments), setup);
  const int code = program.wait();
  return {code, program.out(), program.err()};
}

Ran outside_audit(const fs::path& directory, const std::string& orders,
                  std::vector<std::string> more) {
  more.insert(more.begin(), {"--json", "--seckill", SECKILL_BINARY, "--journal", "file:data",
                             "--orders", orders});
  return run(directory, more, {.command = {SECKILL_SOURCE_DIR "/scripts/audit-outside"}});
}

Server::Server(const fs::path& directory, const std::vector<std::string>& more,
               const Surroundings& setup, std::uint16_t port)
    : program_(directory, serve_arguments(directory, more, port), setup) {
  std::error_code ignored;
  while (!program_.ended()) {
    if (fs::exists(directory / "port", ignored)) {
      port_ = static_cast<std::uint16_t>(std::stoi(file_text(directory / "port")));
      return;
    }
    std::this_thread::sleep_for(milliseconds(2));
  }
}

std::string Server::url(const std::string& path) const {
  return fmt::format("http://127.0.0.1:{}{}", port_, path);
}
app::Client Server::client(const std::string& token) const { return {{"127.0.0.1", port_}, token}; }

int Server::stop() {
  program_.signal(SIGTERM);
  return program_.wait();
}

void Server::kill() {
  program_.signal(SIGKILL);
  program_.wait();
}

app::HttpReply create_sale(const Server& server, const std::string& json) {
  auto reply = server.client().ask({.method = "POST", .path = "/api/v1/sales", .body = json});
  EXPECT_TRUE(reply) << reply.error().message;
  if (!reply) return {};
  EXPECT_EQ(reply->status, 201) << reply->body;
  return *reply;
}

app::HttpReply buy(const Server& server, const std::string& sale, const std::string& buyer,
                   const std::string& key) {
  auto reply = server.client().ask({.method = "POST",
                                    .path = "/api/v1/sales/" + sale + "/orders",
                                    .body = fmt::format(R"({{"buyer":"{}","quantity":1}})", buyer),
                                    .headers = {{"Idempotency-Key", key}}});
  EXPECT_TRUE(reply) << reply.error().message;
  return reply ? *reply : app::HttpReply{};
}

std::string field(const std::string& json, const std::string& name) {
  const auto parsed = nlohmann::json::parse(json, nullptr, false);
  if (!parsed.is_object() || !parsed.contains(name)) return "";
  return parsed[name].is_string() ? parsed[name].get<std::string>() : parsed[name].dump();
}

bool is_json(const std::string& text) { return nlohmann::json::accept(text); }

void wait_for(const Server& server, const std::string& sale, const std::string& name,
              const std::string& value) {
  std::string seen;
  for (int i = 0; i < 2'000 && seen != value; ++i) {
    const auto reply = server.client().ask({.path = "/api/v1/sales/" + sale});
    seen = reply ? field(reply->body, name) : reply.error().message;
    if (seen != value) std::this_thread::sleep_for(milliseconds(5));
  }
  ASSERT_EQ(seen, value) << sale << "." << name;
}

bool small_disk(const fs::path& directory, const std::string& options) {
  fs::create_directory(directory / "data");
  return unshare(CLONE_NEWNS) == 0 &&
         mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         mount("tmpfs", (directory / "data").c_str(), "tmpfs", 0, options.c_str()) == 0;
}

std::string file_text(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

void put_text(const fs::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

void put_secret(const fs::path& file, const std::string& text) {
  put_text(file, text);
  fs::permissions(file, fs::perms(0600));
}

std::map<std::string, std::string> contents(const fs::path& directory) {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file())
      all[fs::relative(entry.path(), directory).string()] = file_text(entry.path());
  }
  return all;
}

}  // namespace seckill::testing
