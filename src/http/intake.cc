#include "http/intake.h"

#include <cstring>
#include <utility>

#include "base/invariant.h"

namespace seckill {

Intake::Intake(const HttpLimits& limits)
    : limits_(limits), buffer_(std::make_unique_for_overwrite<char[]>(kSmall + kPadding)) {}

// Room for the largest head, for a body in chunks of a usual size, and for its trailers.
std::size_t Intake::large() const {
  return limits_.uri_max + 2 * limits_.head_max + 5 * limits_.body_max + kSmall;
}

std::span<char> Intake::room() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == capacity_ && begin_ > 0) {
    move_to(buffer_.get());
  } else if (end_ == capacity_) {
    capacity_ = large();
    auto large = std::make_unique_for_overwrite<char[]>(capacity_ + kPadding);
    move_to(large.get());
    buffer_ = std::move(large);
  }
  invariant(end_ < capacity_, "I12 what a buffer cannot hold has been refused");
  return {buffer_.get() + end_, capacity_ - end_};
}

// The head's views look into the old place: it is read again.
void Intake::move_to(char* to) {
  std::memmove(to, buffer_.get() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  if (std::exchange(head_read_, false)) {
    request_ = {};
    body_ = {};
    head_read_ = !read_head({to, scan_.size()}, limits_, request_, body_);
  }
}

Intake::Found Intake::refuse(const Refusal& why) {
  refusal_ = why;
  refused_ = true;
  return Found::kRefused;
}

// Each part of a request has its own bound; this one is for their sum, so that there is always room
// for the next byte of whatever has not been refused.
Intake::Found Intake::next() {
  if (refused_) return Found::kRefused;
  const Found found = look();
  if (found == Found::kMore && end_ - begin_ >= large()) {
    return refuse({problems::kBodyTooLarge, "The request is larger than allowed."});
  }
  return found;
}

Intake::Found Intake::look() {
  if (!head_read_) {
    if (empty()) return Found::kMore;
    const std::string_view bytes(buffer_.get() + begin_, end_ - begin_);
    const auto found = scan_.scan(bytes, limits_);
    if (found == HeadScan::Found::kMore) return Found::kMore;
    if (found == HeadScan::Found::kRefused) return refuse(scan_.refusal());
    if (const auto why = read_head(bytes.substr(0, scan_.size()), limits_, request_, body_))
      return refuse(*why);
    head_read_ = true;
  }
  return read_body();
}

Intake::Found Intake::read_body() {
  const std::span<char> raw(buffer_.get() + begin_ + scan_.size(), end_ - begin_ - scan_.size());
  if (!body_.chunked) {
    if (raw.size() < body_.length) return Found::kMore;
    request_.body = {raw.data(), body_.length};
    size_ = scan_.size() + body_.length;
    return Found::kRequest;
  }
  const auto found = chunks_.walk(raw, limits_);
  if (found == ChunkWalk::Found::kMore) return Found::kMore;
  if (found == ChunkWalk::Found::kRefused) return refuse(chunks_.refusal());
  request_.body = {raw.data(), chunks_.body()};
  size_ = scan_.size() + chunks_.raw();
  return Found::kRequest;
}

void Intake::consume() {
  begin_ += size_;
  size_ = 0;
  scan_ = {};
  chunks_ = {};
  body_ = {};
  request_ = {};
  head_read_ = continued_ = false;
}

bool Intake::take_expectation() {
  return head_read_ && body_.expects_continue && !std::exchange(continued_, true);
}

void Intake::clear() {
  consume();
  begin_ = end_ = 0;
  refused_ = false;
  if (capacity_ != kSmall) {
    capacity_ = kSmall;
    buffer_ = std::make_unique_for_overwrite<char[]>(kSmall + kPadding);
  }
}

}  // namespace seckill
