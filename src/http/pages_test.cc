// The pages as browsers get them, with scripts and without: a buyer is his cookie, forms are safe
// to send again, and nobody reaches into another's order.
#include <gtest/gtest.h>
#include <zlib.h>

#include "http/shop_view.h"
#include "http/test_front.h"
#include "http/visitor.h"

namespace seckill {
namespace {

const milliseconds kQuarterHour{900'000};

std::vector<SaleTerms> phone(std::uint32_t stock = 10, std::uint32_t per_buyer = 1,
                             milliseconds hold = kQuarterHour) {
  SaleTerms terms = terms_of(1, "phone", stock, per_buyer, hold);
  terms.price_minor = 199'900;
  terms.currency = *Currency::from("CNY");
  return {terms};
}

// A browser with one cookie jar.
struct Browser {
  explicit Browser(std::uint16_t port, std::string the_fields = "")
      : client(port), fields(std::move(the_fields)) {}

  std::string cookie_field() const { return cookie.empty() ? "" : "Cookie: " + cookie + "\r\n"; }
  Reply load(const std::string& path, const std::string& more = "") {
    const Reply page = client.ask(get(path, cookie_field() + fields + more));
    const std::string set = page.field("set-cookie");
    if (set.starts_with("seckill_buyer=")) cookie = set.substr(0, set.find(';'));
    return page;
  }
  Reply submit(const std::string& path, const std::string& form, const std::string& more = "") {
    return client.ask(post(path, form, cookie_field() + fields + more));
  }
  // As the script does.
  Reply call(const std::string& path, const std::string& key) {
    return submit(path, "", "Idempotency-Key: " + key + "\r\n");
  }
  std::string view() { return member(load("/s/phone/mine").body, "view"); }

  Client client;
  std::string fields;
  std::string cookie;
};

std::string attribute(const Reply& page, const std::string& name) {
  const auto at = page.body.find(" " + name + "=\"");
  if (at == std::string::npos) return "(absent)";
  const auto begin = at + name.size() + 3;
  return page.body.substr(begin, page.body.find('"', begin) - begin);
}

// ---- The shop page ----

TEST(ShopPage, MakesABuyerOutOfACookie) {
  Front front(phone());
  Browser ann(front.port());
  const Reply page = ann.load("/s/phone");
  EXPECT_EQ(page.status, 200);
  const std::string cookie = page.field("set-cookie");
  EXPECT_NE(cookie.find("HttpOnly"), std::string::npos) << cookie;
  EXPECT_NE(cookie.find("SameSite=Lax"), std::string::npos) << cookie;
  EXPECT_EQ(cookie.find("Secure"), std::string::npos) << "no TLS was seen";
  EXPECT_EQ(ann.cookie.size(), std::string("seckill_buyer=").size() + 32);
  EXPECT_EQ(ann.load("/s/phone").field("set-cookie"), "") << "he has one already";
  EXPECT_EQ(page.field("cache-control"), "no-store");
  Browser behind_tls(front.port(), "X-Forwarded-Proto: https\r\n");
  EXPECT_NE(behind_tls.load("/s/phone").field("set-cookie").find("; Secure"), std::string::npos);
}

// The rows and the API show the buyer, and anyone who reads them may not become him.
TEST(ShopPage, NeverShowsTheCookieInABuyersName) {
  Front front(phone());
  Browser ann(front.port());
  ann.load("/s/phone");
  const std::string secret = ann.cookie.substr(ann.cookie.find('=') + 1);
  const Reply won = ann.call("/s/phone/buy", "page-1");
  EXPECT_EQ(won.status, 201);
  EXPECT_TRUE(member(won.body, "buyer").starts_with("web-"));
  EXPECT_EQ(won.raw.find(secret), std::string::npos);
}

TEST(ShopPage, LoadsNothingFromElsewhereAndRunsNothingInline) {
  Front front(phone());
  Browser ann(front.port());
  for (const char* path : {"/s/phone", "/s/phone/till", "/ops", "/s/nothing", "/"}) {
    const Reply page = ann.load(path, "Accept: text/html\r\n");
    const std::string policy = page.field("content-security-policy");
    EXPECT_TRUE(policy.starts_with("default-src 'none'")) << path;
    EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos) << path;
    EXPECT_EQ(policy.find("unsafe"), std::string::npos) << path;
    EXPECT_EQ(page.field("x-content-type-options"), "nosniff") << path;
    EXPECT_EQ(page.body.find("://"), std::string::npos) << path << " names another place";
    EXPECT_EQ(page.body.find("{{"), std::string::npos) << path << " has a slot nobody filled";
    EXPECT_EQ(page.body.find("[["), std::string::npos) << path << " has a word nobody knows";
    EXPECT_EQ(page.body.find(" style="), std::string::npos) << path;
  }
}

// A person who types the address finds the sales and the pages; a program gets plain text.
TEST(FrontPage, LeadsAPersonOn) {
  auto sales = phone(3);
  sales[0].title = *Title::from("<b>Phone</b>");
  Front front(sales);
  Browser ann(front.port(), "Accept: text/html,*/*\r\n");
  const Reply page = ann.load("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.field("content-type"), "text/html; charset=utf-8");
  EXPECT_NE(page.body.find("<li data-view=\"open\"><a href=\"/s/phone\">"), std::string::npos);
  EXPECT_NE(page.body.find("&lt;b&gt;Phone"), std::string::npos) << "escaped";
  EXPECT_NE(page.body.find("3 of 3 left"), std::string::npos);
  EXPECT_NE(page.body.find("data-more=\"no\""), std::string::npos);
  for (const char* path : {"/ops", "/docs/problems", "/openapi.yaml", "/metrics", "/readyz"}) {
    EXPECT_NE(page.body.find("href=\"" + std::string(path)), std::string::npos) << path;
    EXPECT_EQ(ann.load(path).status, 200) << path;
  }
  EXPECT_NE(ann.load("/?lang=zh").body.find("正在销售"), std::string::npos);
  EXPECT_TRUE(Browser(front.port()).load("/").body.starts_with("seckill: a flash sale\n"));
  Front empty(std::vector<SaleTerms>{});
  Browser bob(empty.port(), "Accept: text/html\r\n");
  EXPECT_NE(bob.load("/").body.find("data-more=\"none\""), std::string::npos);
}

// The page is not sent again to a browser that has it.
TEST(OpsPage, IsTheSameUntilItChanges) {
  Front front(phone());
  Browser ann(front.port());
  const Reply page = ann.load("/ops");
  const std::string etag = page.field("etag");
  EXPECT_TRUE(etag.starts_with("W/\"")) << etag;
  EXPECT_EQ(ann.load("/ops", "Accept-Encoding: gzip\r\n").field("etag"), etag);
  const Reply same = ann.client.ask(get("/ops", "If-None-Match: " + etag + "\r\n"), true);
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.field("etag"), etag);
  EXPECT_EQ(same.body, "");
  EXPECT_EQ(ann.load("/ops", "If-None-Match: W/\"another\"\r\n").status, 200);
}

TEST(ShopPage, EscapesWhatAnOperatorWrote) {
  auto sales = phone();
  sales[0].title = *Title::from("<script>\"x\" & 'y'</script>");
  Front front(sales);
  Browser ann(front.port());
  const Reply page = ann.load("/s/phone");
  EXPECT_EQ(page.body.find("<script>\"x\""), std::string::npos);
  EXPECT_NE(page.body.find("&lt;script&gt;&quot;x&quot; &amp; &#39;y&#39;"), std::string::npos);
}

// Without scripts nobody puts it into his own time: it is said which one it is.
TEST(ShopPage, TellsTimesThatCanBeRead) {
  auto sales = phone();
  sales[0].starts_at = RawTime{1'900'000'000'000};
  Front front(sales);
  const Reply page = Browser(front.port()).load("/s/phone");
  EXPECT_NE(
      page.body.find(
          "datetime=\"2030-03-17T17:46:40.000Z\" data-slot=\"starts\">2030-03-17 17:46:40 UTC<"),
      std::string::npos);
}

// Without scripts: a form, and a page that says what became of it. Sent twice, it buys once.
TEST(ShopPage, SellsByAPlainForm) {
  Front front(phone());
  Browser ann(front.port());
  const Reply page = ann.load("/s/phone");
  EXPECT_EQ(attribute(page, "data-view"), "open");
  const std::string form = "key=" + attribute(page, "data-key");
  for (int i = 0; i < 2; ++i) {
    const Reply sent = ann.submit("/s/phone/buy", form);
    EXPECT_EQ(sent.status, 303);
    EXPECT_EQ(sent.field("location"), "/s/phone");
  }
  const Reply mine = ann.load("/s/phone");
  EXPECT_EQ(attribute(mine, "data-view"), "held");
  EXPECT_EQ(attribute(mine, "data-order-key"), "page-1");
  EXPECT_EQ(member(ann.load("/api/v1/sales/phone").body, "held"), "1");
}

TEST(ShopPage, SaysWhyNotByAPlainForm) {
  Front front(phone(1, 1));
  Browser ann(front.port()), bob(front.port());
  ann.load("/s/phone");
  bob.load("/s/phone");
  EXPECT_EQ(bob.submit("/s/phone/buy", "key=page-1").field("location"), "/s/phone");
  EXPECT_EQ(ann.submit("/s/phone/buy", "key=page-1").field("location"), "/s/phone?said=missed");
  EXPECT_EQ(attribute(ann.load("/s/phone?said=missed"), "data-note"), "missed");
  EXPECT_EQ(attribute(ann.load("/s/phone?said=%3Cb%3E"), "data-note"), "") << "only our words";
  EXPECT_EQ(ann.view(), "sold-out");
}

// From any tab, and whatever the tab remembers: the order is found by the cookie alone.
TEST(ShopPage, ShowsOneOrderInEveryTab) {
  Front front(phone(10, 0, milliseconds(0)));
  Browser ann(front.port()), tab(front.port());
  ann.load("/s/phone");
  tab.cookie = ann.cookie;
  EXPECT_EQ(ann.call("/s/phone/buy", "page-1").status, 201);
  EXPECT_EQ(tab.call("/s/phone/buy", "page-1").status, 200) << "the same click, from another tab";
  EXPECT_EQ(tab.view(), "kept");
  const Reply mine = tab.load("/s/phone/mine");
  EXPECT_EQ(member(mine.body, "more"), "true");
  EXPECT_EQ(tab.call("/s/phone/buy", member(mine.body, "key")).status, 201);
  EXPECT_EQ(member(ann.load("/s/phone/mine").body, "units"), "1, 2");
}

// T16: an order is named by its key under one's own cookie; another's cannot be named at all.
TEST(ShopPage, KeepsBuyersApart) {
  Front front(phone());
  Browser ann(front.port()), bob(front.port());
  ann.load("/s/phone");
  bob.load("/s/phone");
  ann.call("/s/phone/buy", "page-1");
  EXPECT_EQ(bob.view(), "open");
  EXPECT_EQ(bob.call("/s/phone/give-back", "page-1").status, 404);
  EXPECT_EQ(bob.submit("/s/phone/till", "key=page-1&payment=1").field("location"),
            "/s/phone/till?said=none");
  EXPECT_EQ(ann.view(), "held");
}

TEST(ShopPage, GivesBackAndSellsAgain) {
  Front front(phone(1));
  Browser ann(front.port()), bob(front.port());
  ann.load("/s/phone");
  bob.load("/s/phone");
  ann.call("/s/phone/buy", "page-1");
  EXPECT_EQ(bob.view(), "sold-out");
  EXPECT_EQ(ann.submit("/s/phone/give-back", "key=page-1").field("location"), "/s/phone");
  const Reply mine = ann.load("/s/phone/mine");
  EXPECT_EQ(member(mine.body, "view"), "open");
  EXPECT_EQ(member(mine.body, "note"), "cancelled");
  EXPECT_EQ(member(mine.body, "key"), "page-2");
  EXPECT_EQ(bob.view(), "open");
}

// T14: reserve and give back is not for ever, and the page says so.
TEST(ShopPage, EndsAtTheOrdersThatABuyerEverGets) {
  Front front(phone());
  Browser ann(front.port());
  ann.load("/s/phone");
  for (int i = 1; i <= 32; ++i) {
    const std::string key = "page-" + std::to_string(i);
    ASSERT_EQ(ann.call("/s/phone/buy", key).status, 201) << i;
    ASSERT_EQ(ann.call("/s/phone/give-back", key).status, 200) << i;
  }
  EXPECT_EQ(ann.view(), "limit");
  EXPECT_EQ(member(ann.load("/s/phone/mine").body, "key"), "");
}

TEST(ShopPage, ShowsEachStateOfASale) {
  auto sales = phone();
  for (const char* name : {"later", "paused", "closed", "full"})
    sales.push_back(terms_of(static_cast<std::uint32_t>(sales.size()) + 1, name, 5));
  sales[1].starts_at = machine_now().raw + kQuarterHour;
  sales[2].standing = Standing::kPaused;
  sales[3].standing = Standing::kClosed;
  sales[4].orders_max = 1;
  Front front(sales);
  Browser ann(front.port()), bob(front.port());
  ann.load("/s/full");
  ann.call("/s/full/buy", "page-1");
  const auto view = [&](const char* path) { return attribute(bob.load(path), "data-view"); };
  EXPECT_EQ(view("/s/later"), "scheduled");
  EXPECT_EQ(view("/s/paused"), "paused");
  EXPECT_EQ(view("/s/closed"), "closed");
  EXPECT_EQ(view("/s/full"), "full");
  for (const char* path : {"/s/later", "/s/paused", "/s/closed", "/s/full"})
    EXPECT_NE(bob.load(path).body.find("disabled>"), std::string::npos) << path;
  EXPECT_EQ(bob.load("/s/phone").body.find("disabled>"), std::string::npos);
  EXPECT_EQ(bob.load("/s/nothing").status, 404);
  EXPECT_EQ(bob.load("/s/%2e%2e").status, 404);
}

// T29: another site's page may make a browser send a form with our cookie.
TEST(ShopPage, RefusesWhatAnotherSiteMadeABrowserSend) {
  Front front(phone());
  Browser ann(front.port());
  ann.load("/s/phone");
  for (const char* field : {"Origin: http://evil.example\r\n", "Origin: null\r\n",
                            "Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n"}) {
    for (const char* path : {"/s/phone/buy", "/s/phone/give-back", "/s/phone/till"})
      EXPECT_EQ(ann.submit(path, "key=page-1", field).status, 403) << field << path;
  }
  EXPECT_EQ(ann.view(), "open");
  const Reply own = ann.submit("/s/phone/buy", "key=page-1",
                               "Origin: http://localhost\r\nSec-Fetch-Site: same-origin\r\n");
  EXPECT_EQ(own.status, 303);
}

TEST(ShopPage, AsksForACookieBeforeItSells) {
  Front front(phone());
  Browser nobody(front.port());
  const Reply refused = nobody.call("/s/phone/buy", "page-1");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(member(refused.body, "code"), "cookie-missing");
  EXPECT_EQ(nobody.submit("/s/phone/buy", "key=page-1").field("location"),
            "/s/phone?said=no-cookie");
  Browser liar(front.port(), "Cookie: seckill_buyer=ann\r\n");
  EXPECT_EQ(liar.call("/s/phone/buy", "page-1").status, 403) << "no cookie of ours";
}

// The journal waits: the page's answer waits with it, and comes for both ways of asking.
TEST(ShopPage, WaitsForTheJournal) {
  Front front(phone());
  Browser ann(front.port()), tab(front.port());
  ann.load("/s/phone");
  tab.cookie = ann.cookie;
  front.hold_journal();
  ann.client.send(post("/s/phone/buy", "key=page-1", ann.cookie_field()));
  tab.client.send(post("/s/phone/buy", "", tab.cookie_field() + "Idempotency-Key: page-1\r\n"));
  front.await_waiting(1);
  front.let_journal_go();
  const auto by_form = ann.client.read();
  const auto by_script = tab.client.read();
  ASSERT_TRUE(by_form && by_script);
  EXPECT_EQ(by_form->status, 303);
  EXPECT_LT(by_script->status, 202) << by_script->raw;
  EXPECT_EQ(member(ann.load("/api/v1/sales/phone").body, "orders"), "1");
}

// ---- The stand-in till ----

TEST(TillPage, PaysOnceTwiceAndLate) {
  Front front(phone());
  Browser ann(front.port());
  ann.load("/s/phone");
  EXPECT_EQ(attribute(ann.load("/s/phone/till"), "data-view"), "none");
  ann.call("/s/phone/buy", "page-1");
  EXPECT_EQ(attribute(ann.load("/s/phone/till"), "data-view"), "held");
  const auto pay = [&](const std::string& form) {
    return ann.submit("/s/phone/till", form).field("location");
  };
  EXPECT_EQ(pay("key=page-1&payment=1"), "/s/phone/till?said=applied");
  EXPECT_EQ(pay("key=page-1&payment=1"), "/s/phone/till?said=applied") << "the same one again";
  EXPECT_EQ(pay("key=page-1&payment=2"), "/s/phone/till?said=refund");
  EXPECT_EQ(ann.view(), "paid");
  Browser bob(front.port());
  bob.load("/s/phone");
  bob.call("/s/phone/buy", "page-1");
  bob.call("/s/phone/give-back", "page-1");
  EXPECT_EQ(attribute(bob.load("/s/phone/till"), "data-view"), "cancelled");
  EXPECT_EQ(bob.submit("/s/phone/till", "key=page-1&payment=1").field("location"),
            "/s/phone/till?said=refund");
  EXPECT_EQ(pay("key=page-1&payment=3"), "") << "no such button";
}

// T30: it marks orders paid, so it is only for who sits at the server's own machine.
TEST(TillPage, IsNotForStrangers) {
  Front front(phone());
  Browser far(front.port(), "X-Forwarded-For: 10.0.0.1\r\n");
  const Reply shop = far.load("/s/phone");
  EXPECT_EQ(attribute(shop, "data-till"), "no");
  far.call("/s/phone/buy", "page-1");
  const Reply till = far.load("/s/phone/till");
  EXPECT_EQ(till.status, 403);
  EXPECT_EQ(attribute(till, "data-view"), "elsewhere");
  EXPECT_EQ(far.submit("/s/phone/till", "key=page-1&payment=1").status, 401);
  EXPECT_EQ(far.view(), "held");
}

// ---- Languages and files ----

TEST(Pages, SpeakTheVisitorsLanguage) {
  Front front(phone());
  const auto lang = [&](const std::string& fields, const std::string& path = "/s/phone") {
    return attribute(Browser(front.port(), fields).load(path), "lang");
  };
  EXPECT_EQ(lang(""), "en");
  EXPECT_EQ(lang("Accept-Language: zh-CN,zh;q=0.9,en;q=0.8\r\n"), "zh-CN");
  EXPECT_EQ(lang("Accept-Language: en-US,en;q=0.9,zh;q=0.8\r\n"), "en");
  EXPECT_EQ(lang("Accept-Language: fr, zh;q=0.4, de;q=0.9\r\n"), "zh-CN");
  EXPECT_EQ(lang("Accept-Language: fr, zh;q=0, en;q=0.1\r\n"), "en");
  EXPECT_EQ(lang("Accept-Language: zh\r\n", "/s/phone?lang=en"), "en");
  EXPECT_EQ(lang("Cookie: seckill_lang=zh; other=1\r\n"), "zh-CN") << "chosen before";
  EXPECT_EQ(lang("Accept-Language: ;;q,,=\r\n"), "en");
}

std::string unpacked(const std::string& bytes) {
  std::string text(1 << 20, '\0');
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

TEST(Pages, ServeTheirFilesForEver) {
  Front front(phone());
  Browser ann(front.port());
  const Reply page = ann.load("/s/phone");
  int files = 0;
  for (auto at = page.body.find("/assets/"); at != std::string::npos;
       at = page.body.find("/assets/", at + 1), ++files) {
    const std::string path = page.body.substr(at, page.body.find('"', at) - at);
    const Reply plain = ann.load(path);
    EXPECT_EQ(plain.status, 200) << path;
    EXPECT_EQ(plain.field("cache-control"), "public, max-age=31536000, immutable");
    const Reply packed = ann.load(path, "Accept-Encoding: gzip, br\r\n");
    EXPECT_EQ(packed.field("content-encoding"), "gzip");
    EXPECT_EQ(unpacked(packed.body), plain.body);
  }
  EXPECT_GE(files, 3);
  EXPECT_EQ(ann.load("/assets/none.js").status, 404);
  EXPECT_EQ(ann.load("/assets/../http/api.h").status, 404);
}

TEST(Pages, ShowPricesAsPeopleWriteThem) {
  EXPECT_EQ(price_text(990, "CNY"), "¥9.90");
  EXPECT_EQ(price_text(123'456'789, "USD"), "$1,234,567.89");
  EXPECT_EQ(price_text(100'000, "EUR"), "€1,000.00");
  EXPECT_EQ(price_text(500, "JPY"), "¥500");
  EXPECT_EQ(price_text(5, "CHF"), "CHF 0.05");
  EXPECT_EQ(price_text(5, ""), "");
}

}  // namespace
}  // namespace seckill
