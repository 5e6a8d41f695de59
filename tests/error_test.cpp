// tenfold::error, and the text it carries.
#include <tenfold/error.hpp>
#include <tenfold/shape.hpp>

#include <gtest/gtest.h>

#include <string>

namespace tf = tenfold;

namespace {

static_assert(std::is_base_of_v<std::invalid_argument, tf::error>);
static_assert(std::is_nothrow_copy_constructible_v<std::invalid_argument> && std::is_copy_constructible_v<tf::error>);

TEST(Error, CarriesItsTextAndItsHint) {
  const tf::error plain("bad stride");
  EXPECT_STREQ(plain.what(), "bad stride");
  EXPECT_STREQ(plain.hint(), "");
  const tf::error helpful("bad stride", "give a positive one");
  EXPECT_STREQ(helpful.what(), "bad stride");
  EXPECT_STREQ(helpful.hint(), "give a positive one");
}

TEST(Error, IsCaughtAsInvalidArgument) {
  try {
    tf::detail::raise_text("no", "perhaps");
  } catch (const std::invalid_argument& caught) {
    EXPECT_STREQ(caught.what(), "no");
    EXPECT_STREQ(dynamic_cast<const tf::error&>(caught).hint(), "perhaps");
    return;
  }
  FAIL() << "nothing was raised";
}

TEST(Error, TextIsJoinedFromParts) {
  const tf::index_t number = -5;
  const std::string word = "word ";
  EXPECT_EQ(tf::detail::join({"a ", word, number, " ", tf::shape{1, 2}}), "a word -5 [1, 2]");
  EXPECT_EQ(tf::detail::join({INT64_MIN, " ", INT64_MAX}), "-9223372036854775808 9223372036854775807");
  EXPECT_EQ(tf::detail::join({}), "");
}

TEST(Error, HandlerCanBeReplaced) {
  static std::string seen;
  const tf::error_handler mine = [](const char* text) { seen = text; };
  const tf::error_handler before = tf::set_error_handler(mine);
  EXPECT_EQ(before, nullptr);  // the one that writes to stderr
  tf::shared_state::handler("what a program without exceptions would see");
  EXPECT_EQ(seen, "what a program without exceptions would see");
  EXPECT_EQ(tf::set_error_handler(before), mine);
}

}  // namespace
