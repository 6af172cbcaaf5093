#include "sale/hint.h"

#include <algorithm>
#include <utility>

namespace seckill {

void Hint::pass(SteadyTime now) {
  if (waits() && now >= asked_at_ + kPatience) {
    ++unknown_;
    go_without(now);
  }
  if (allowed_ == kAll && now >= without_until_) allowed_ = 0;
}

SteadyTime Hint::wake() const {
  if (waits()) return asked_at_ + kPatience;
  return tell_next() == kNever ? kNever : std::max(tell_next(), without_until_);
}

void Hint::go_without(SteadyTime now) {
  asked_ = 0;
  allow(kAll);
  without_until_ = now + kWithout;
}

// Where it is in wants_, or would be.
std::size_t Hint::place_of(SaleUid sale) {
  if (last_ >= wants_.size() || wants_[last_].sale != sale) {
    const auto found = std::find_if(wants_.begin(), wants_.end(),
                                    [sale](const Want& want) { return want.sale == sale; });
    last_ = static_cast<std::size_t>(found - wants_.begin());
  }
  return last_;
}

void Hint::want(SaleUid sale, std::uint32_t units) {
  if (place_of(sale) == wants_.size()) wants_.push_back({sale, 0, 0});
  wants_[last_].units += units;
}

const Take& Hint::ask(SteadyTime now, const Ledger& ledger, std::size_t claims) {
  for (Want& want : wants_) {
    const SaleView* sale = ledger.sale(want.sale);
    want.available = sale == nullptr ? 0 : sale->available();
    Known& known = known_[want.sale];
    known.told = -1;  // what is taken is told again, whatever becomes of it
    known.asked = ledger.position();
  }
  asked_ = claims;
  asked_at_ = now;
  ++asks_;
  take_ = {++number_, ledger.position(), wants_};
  return take_;
}

std::size_t Hint::heard(SteadyTime now, const Counted& counted) {
  if (counted.number == 0) {
    forgotten(now);
  } else if (counted.number == tell_.number && counted.granted.empty()) {
    tell_all_at_ = std::min(tell_all_at_, now + kTellAllAfter);  // it would not hear
  }
  if (!waits() || counted.number != take_.number) return 0;
  if (counted.granted.size() != wants_.size()) {
    ++unknown_;
    go_without(now);
    return 0;
  }
  granted_.assign(counted.granted.begin(), counted.granted.end());
  const std::size_t claims = std::exchange(asked_, 0);
  for (std::size_t i = 0; i < wants_.size(); ++i) judge(now, wants_[i], granted_[i]);
  return allowed_ == kAll ? 0 : claims;
}

// The barrier lets only those ask again whom the ledger would serve. So a counter that goes on
// saying no is wrong, and will not say yes by itself.
void Hint::judge(SteadyTime now, const Want& want, std::uint32_t granted) {
  Known& known = known_[want.sale];
  if (granted >= want.units) {
    known.refused_since = kNever;
    return;
  }
  if (known.refused_since == kNever || known.refused_last + kDoubtEnds <= now) {
    known.refused_since = now;
  }
  known.refused_last = now;
  if (now < known.refused_since + kDoubt) return;
  known.refused_since = kNever;
  ++doubts_;
  go_without(now);
}

bool Hint::grants(SaleUid sale, std::uint32_t units) {
  std::uint32_t& left = granted_[place_of(sale)];
  if (left < units) return false;
  left -= units;
  return true;
}

void Hint::moved(SteadyTime now, bool last) {
  tell_at_ = std::min(tell_at_, last ? now : now + kTellAfter);
  tell_all_at_ = std::min(tell_all_at_, last ? now : now + kTellAllAfter);
}

void Hint::hasten() {
  for (SteadyTime* at : {&tell_at_, &tell_all_at_}) *at = *at == kNever ? kNever : kLongAgo;
}

// Told as lost on its way, or emptied, or an older state of it: it is told all again.
void Hint::forgotten(SteadyTime now) {
  for (auto& [uid, known] : known_) known.told = -1;
  tell_at_ = now;
}

bool Hint::tells_at(SteadyTime now) const {
  return tell_next() <= now && without_until_ <= now && !waits() && !overdue();
}

// Only from a newer position than the last take's: an equal one would not be heard.
const Take* Hint::tell(SteadyTime now, const Ledger& ledger) {
  if (tell_all_at_ <= now && is_told_) {
    for (auto& [uid, known] : known_) known.told = -1;
    tell_all_at_ = kNever;
  }
  tell_at_ = kNever;
  is_told_ = true;
  tells_.clear();
  for (const SaleView* sale : ledger.sales()) {
    Known& known = known_[sale->terms.uid];
    if (known.told == sale->available() || known.asked >= ledger.position() ||
        sale->terms.standing == Standing::kRetired) {
      continue;
    }
    if (tells_.size() == kWantsMax) {
      tell_at_ = now + kTellAfter;
      is_told_ = false;
      break;
    }
    known.told = sale->available();
    tells_.push_back({sale->terms.uid, 0, sale->available()});
  }
  tell_ = {++number_, ledger.position(), tells_};
  return tells_.empty() ? nullptr : &tell_;
}

}  // namespace seckill
