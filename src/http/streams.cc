#include "http/streams.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "http/live.h"

namespace seckill {
namespace {

constexpr int kSendBuffer = 16 * 1024;

}  // namespace

Streams::Streams(boost::asio::io_context& context, Office& office)
    : office_(office), timer_(context) {}

Streams::~Streams() { close_all(); }

void Streams::adopt(int file, const StreamAsk& ask) {
  if (readers_.size() >= kReadersMax || office_.draining) {
    ::close(file);
    return;
  }
  // What a reader may lag behind, in bytes of the kernel's: a few seconds.
  ::setsockopt(file, SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
  ++office_.metrics.connections;
  const auto behind = std::upper_bound(readers_.begin(), readers_.end(), ask.sale,
                                       [](SaleUid sale, const Reader& r) { return sale < r.sale; });
  const auto reader = readers_.insert(behind, {file, ask.sale, next_step_++ % kSteps});
  office_.readers = static_cast<std::uint32_t>(readers_.size());
  std::string begin = fmt::format("retry: {}\n\n", 2 * kTick.count());
  const std::string process = process_text(office_);
  if (!ask.last_id.empty() && !ask.last_id.starts_with(process + "-"))
    begin += fmt::format("event: restarted\ndata: {{\"process\":\"{}\"}}\n\n", process);
  of_ = {};
  begin += snapshot(ask.sale);
  if (!give(*reader, begin)) return drop(static_cast<std::size_t>(reader - readers_.begin()));
  if (!std::exchange(ticking_, true)) {
    comment_at_ = steady_now() + office_.options.limits.comment;
    step_later();
  }
}

void Streams::close_all() {
  while (!readers_.empty()) drop(readers_.size() - 1);
}

void Streams::drop(std::size_t at) {
  ::close(readers_[at].file);
  readers_.erase(readers_.begin() + static_cast<std::ptrdiff_t>(at));
  --office_.metrics.connections;
  office_.readers = static_cast<std::uint32_t>(readers_.size());
}

void Streams::step_later() {
  timer_.expires_after(kTick / kSteps);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) step();
  });
}

void Streams::step() {
  step_ = (step_ + 1) % kSteps;
  if (step_ == 0) {
    commenting_ = steady_now() >= comment_at_;
    if (commenting_) comment_at_ = steady_now() + office_.options.limits.comment;
  }
  of_ = {};
  for (std::size_t at = readers_.size(); at-- > 0;) {
    const Reader& reader = readers_[at];
    if (reader.step != step_) continue;
    const std::string& text = snapshot(reader.sale);
    const bool stays = !has_left(reader) && !text.empty() &&
                       (!commenting_ || give(reader, ": still here\n\n")) && give(reader, text);
    if (!stays) drop(at);
  }
  ticking_ = !readers_.empty();
  if (ticking_) step_later();
}

// Empty: the sale is not there any more.
const std::string& Streams::snapshot(SaleUid sale) {
  if (of_ == sale && !text_.empty()) return text_;
  text_.clear();
  of_ = sale;
  const SaleView* view = office_.ledger().sale(sale);
  if (view != nullptr) append_snapshot(text_, office_, *view, raw_now(), started_, ++number_);
  return text_;
}

bool Streams::give(const Reader& reader, const std::string& bytes) {
  const auto sent = ::send(reader.file, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent == static_cast<ssize_t>(bytes.size());
}

// He has nothing to say any more: what he sends is not read for long, its end is noticed.
bool Streams::has_left(const Reader& reader) {
  std::array<char, 1024> unread;
  const auto size = ::recv(reader.file, unread.data(), unread.size(), MSG_DONTWAIT);
  return size == 0 || (size < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

}  // namespace seckill
