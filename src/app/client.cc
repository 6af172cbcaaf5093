#include "app/client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>

#include "app/json_read.h"
#include "app/settings.h"

namespace seckill::app {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Code = Error::Code;

// Starts one asynchronous step and runs the loop until it is done: Beast keeps deadlines only for
// those.
template <class Start>
beast::error_code wait_for(asio::io_context& loop, Start start) {
  beast::error_code outcome;
  start([&](beast::error_code error, auto&&...) { outcome = error; });
  loop.restart();
  loop.run();
  return outcome;
}

http::request<http::string_body> request_of(const HttpAsk& ask, const Address& server,
                                            const std::string& token) {
  http::request<http::string_body> request;
  request.method_string(ask.method);
  request.target(ask.path);
  request.version(11);
  request.set(http::field::host, to_text(server));
  request.set(http::field::user_agent, "seckill/" SECKILL_VERSION);
  request.keep_alive(false);
  if (!token.empty()) request.set(http::field::authorization, "Bearer " + token);
  for (const auto& [name, value] : ask.headers) request.set(name, value);
  if (!ask.body.empty()) request.set(http::field::content_type, "application/json");
  request.body() = ask.body;
  request.prepare_payload();
  return request;
}

// A sentence as a part of a longer one.
std::string clause(std::string sentence) {
  while (sentence.ends_with('.')) sentence.pop_back();
  return sentence;
}

std::string problem_text(const HttpReply& reply, const HttpAsk& ask) {
  const Json problem = json_from(reply.body);
  const std::string code = text_of(problem, "code");
  const std::string detail = clause(text_of(problem, "detail", text_of(problem, "title")));
  if (code.empty() && detail.empty())
    return fmt::format("{} {} answered {}", ask.method, ask.path, reply.status);
  std::string text = code.empty() ? detail : fmt::format("{}: {}", code, detail);
  for (const Json& error : list_of(problem, "errors"))
    text += fmt::format("; {}: {}", text_of(error, "pointer"), clause(text_of(error, "detail")));
  return text;
}

std::string token_in(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::string token;
  std::getline(stream, token);
  return token;
}

}  // namespace

std::string HttpReply::header(std::string_view name) const {
  for (const auto& [known, value] : headers) {
    if (beast::iequals(beast::string_view(known.data(), known.size()),
                       beast::string_view(name.data(), name.size())))
      return value;
  }
  return "";
}

Client::Client(Address server, std::string token, milliseconds patience)
    : server_(std::move(server)), token_(std::move(token)), patience_(patience) {}

std::string Client::url() const { return "http://" + to_text(server_); }

// A server at loopback asks for no token, unless a balancer stands before it; one that is not its
// own (another season's in ./seckill-data) must not lock out whoever needs none.
Result<HttpReply> Client::ask(const HttpAsk& ask) {
  auto reply = send(ask, token_);
  if (reply && reply->status == 401 && !token_.empty() && is_loopback(server_.host))
    return send(ask, "");
  return reply;
}

Result<HttpReply> Client::send(const HttpAsk& ask, const std::string& token) {
  asio::io_context loop(1);
  beast::tcp_stream stream(loop);
  const auto unavailable = [&](const beast::error_code& error) {
    return fail(
        Code::kUnavailable,
        fmt::format("no seckill answers at {}: {}; is `seckill serve` running?", url(),
                    error == beast::error::timeout ? "no answer in time" : error.message()));
  };
  beast::error_code error;
  const auto places =
      asio::ip::tcp::resolver(loop).resolve(server_.host, std::to_string(server_.port), error);
  if (error) return unavailable(error);
  stream.expires_after(patience_);
  error = wait_for(loop, [&](auto done) { stream.async_connect(places, std::move(done)); });
  if (error) return unavailable(error);

  const auto request = request_of(ask, server_, token);
  error = wait_for(loop, [&](auto done) { http::async_write(stream, request, std::move(done)); });
  if (error) return unavailable(error);
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(64ULL << 20);
  if (ask.method == "HEAD") parser.skip(true);
  error =
      wait_for(loop, [&](auto done) { http::async_read(stream, buffer, parser, std::move(done)); });
  if (error) return unavailable(error);

  HttpReply reply;
  reply.status = static_cast<int>(parser.get().result_int());
  for (const auto& field : parser.get()) {
    const auto name = field.name_string();
    const auto value = field.value();
    reply.headers.emplace_back(std::string(name.data(), name.size()),
                               std::string(value.data(), value.size()));
  }
  reply.body = std::move(parser.get().body());
  return reply;
}

Result<HttpReply> Client::expect(const HttpAsk& ask) {
  auto reply = this->ask(ask);
  if (!reply || (reply->status >= 200 && reply->status < 300)) return reply;
  const std::string text = problem_text(*reply, ask);
  if (reply->status >= 500) return fail(Code::kUnavailable, text);
  if (reply->status == 400 || reply->status == 422) return fail(Code::kInvalid, text);
  if (reply->status == 401 || reply->status == 403) {
    return fail(Code::kFailed,
                text + "; run this where the server's admin.token is, with --journal file:DIR");
  }
  return fail(Code::kFailed, text);
}

Result<Address> server_from(std::string_view url) {
  const auto bad = [&] {
    return fail(Code::kInvalid,
                fmt::format("\"{}\" is no server; as in http://127.0.0.1:3000", url));
  };
  std::string_view rest = url;
  if (rest.starts_with("https://"))
    return fail(Code::kInvalid, "https:// is not in this build; use http://");
  if (rest.starts_with("http://")) rest.remove_prefix(7);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.empty() || rest.find('/') != std::string_view::npos) return bad();
  auto address = address_from(rest.find(':') == std::string_view::npos ? fmt::format("{}:80", rest)
                                                                       : std::string(rest));
  if (!address || address->port == 0) return bad();
  return address;
}

bool is_loopback(std::string_view host) {
  if (host == "localhost") return true;
  boost::system::error_code error;
  const auto address = asio::ip::make_address(std::string(host), error);
  return !error && address.is_loopback();
}

bool may_have_token(const Args& args, const Address& server) {
  return is_loopback(server.host) || args.has("journal") || args.has("config");
}

Result<Address> server_of(const Args& args, const Settings& settings) {
  const char* environment = std::getenv("SECKILL_SERVER");
  if (const auto typed = args.text("server")) return server_from(*typed);
  if (environment != nullptr && *environment != '\0') return server_from(environment);
  Address server = settings.listen;
  if (server.host == "0.0.0.0") server.host = "127.0.0.1";
  if (server.host == "::") server.host = "::1";
  if (server.port == 0) server.port = Settings{}.listen.port;
  return server;
}

Result<Client> client_of(const Args& args) {
  auto loaded = load_settings(args);
  if (!loaded) return fail(std::move(loaded.error()));
  auto server = server_of(args, loaded->settings);
  if (!server) return fail(std::move(server.error()));
  return Client(*server, may_have_token(args, *server)
                             ? token_in(loaded->settings.admin_token_path())
                             : std::string());
}

Flag server_flag() {
  return {"server", "URL",
          "which server to talk to (default SECKILL_SERVER, else server.listen of the settings)"};
}

}  // namespace seckill::app
