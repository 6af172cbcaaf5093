#include "app/lists.h"

#include <fmt/format.h>
#include <utility>

#include "app/units.h"
#include "base/thread_name.h"

namespace seckill::app {
namespace {

// Everything that is listed is a token, a number or a time: nothing needs escaping (T11).
std::string json_of(const OrderRow& row) {
  std::string text = fmt::format(
      R"({{"id":"{}","sale":"{}","buyer":"{}","key":"{}","quantity":{},"state":"{}","held_at":"{}")",
      to_text(row.id), row.sale.view(), row.buyer.view(), row.key.view(), row.quantity,
      to_text(row.state), to_rfc3339(row.held_at));
  const auto moment = [&](const char* name, const std::optional<RawTime>& at) {
    if (at) text += fmt::format(R"(,"{}":"{}")", name, to_rfc3339(*at));
  };
  moment("due_at", row.due_at);
  moment("paid_at", row.paid_at);
  moment("ended_at", row.ended_at);
  if (!row.payment.empty()) text += fmt::format(R"(,"payment_id":"{}")", row.payment.view());
  return text + "}";
}

std::string json_of(const PaymentRow& row) {
  return fmt::format(R"({{"id":"{}","order":"{}","amount_minor":{},"outcome":"{}"}})",
                     row.id.view(), to_text(row.order), row.amount_minor,
                     row.refund ? "refund" : "applied");
}

template <class Row>
std::string page_json(const char* name, const Page<Row>& page) {
  std::string text = fmt::format("{{\"{}\":[", name);
  for (std::size_t i = 0; i < page.rows.size(); ++i)
    text += (i > 0 ? "," : "") + json_of(page.rows[i]);
  return text + fmt::format("],\"has_more\":{},\"as_of\":{}}}", page.has_more, number(page.as_of));
}

tl::unexpected<Error> busy(std::string why) {
  return fail(Error::Code::kUnavailable, "orders: " + std::move(why));
}

}  // namespace

std::string to_json(const Page<OrderRow>& page) { return page_json("orders", page); }
std::string to_json(const Page<PaymentRow>& page) { return page_json("payments", page); }

Lists::Lists(Open open) : open_(std::move(open)), thread_([this] { run(); }) {}

Lists::~Lists() {
  {
    const std::scoped_lock hold(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Lists::ask(const OrdersQuery& query, Done done) {
  put(
      [query](OrdersReader& rows) -> Result<std::string> {
        auto page = rows.orders(query);
        if (!page) return fail(std::move(page.error()));
        return to_json(*page);
      },
      std::move(done));
}

void Lists::ask(const PaymentsQuery& query, Done done) {
  put(
      [query](OrdersReader& rows) -> Result<std::string> {
        auto page = rows.payments(query);
        if (!page) return fail(std::move(page.error()));
        return to_json(*page);
      },
      std::move(done));
}

void Lists::put(Question question, Done done) {
  {
    const std::scoped_lock hold(mutex_);
    if (!stopping_ && waiting_.size() < kWaitingMax) {
      waiting_.push_back({std::move(question), std::move(done)});
      changed_.notify_one();
      return;
    }
  }
  done(busy("too many lists at once; come back"));
}

// Whoever answered well before may have been left by his server since, for being idle or with it:
// then the rows are opened anew.
Result<std::string> Lists::answer(const Question& question) {
  if (rows_) {
    if (auto answered = question(*rows_)) return answered;
    rows_.reset();
  }
  auto opened = open_();
  if (!opened) return fail(std::move(opened.error()));
  auto answered = question(**opened);
  if (answered) rows_ = std::move(*opened);
  return answered;
}

void Lists::run() {
  name_thread("lists");
  std::unique_lock hold(mutex_);
  for (;;) {
    changed_.wait(hold, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    const bool stopping = stopping_;
    hold.unlock();
    next.done(stopping ? Result<std::string>(busy("this server is stopping"))
                       : answer(next.question));
    hold.lock();
  }
}

}  // namespace seckill::app
