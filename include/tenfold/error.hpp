// How tenfold refuses: one exception type, raised in one place.
#pragma once

#include <tenfold/version.hpp>

#include <concepts>
#include <cstdint>
#include <cstdio>   // fputs, in the handler used without exceptions
#include <cstdlib>  // abort
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>  // move

namespace tenfold::inline v0 {

/// Any size, offset or index; the type of PyTorch's own.
using index_t = std::int64_t;

/// Bad input. what() is PyTorch's text for the same mistake, to the letter, where PyTorch has one; hint() is tenfold's
/// own advice, empty where there is none. It is raised before anything is written.
class TENFOLD_SHARED error : public std::invalid_argument {
 public:
  TENFOLD_TAG explicit error(const std::string& what, std::string hint = {})
      : invalid_argument(what), hint_(std::move(hint)) {}
  TENFOLD_TAG error(const error&) = default;
  TENFOLD_TAG error& operator=(const error&) = default;
  TENFOLD_TAG const char* hint() const noexcept { return hint_.c_str(); }

 private:
  std::string hint_;
};

/// Called with the text before the program aborts, where exceptions are switched off (-fno-exceptions).
using error_handler = void (*)(const char* text);

/// What all files of a program share, and its shared objects: data alone, because code differs with a file's flags.
namespace shared_state {

TENFOLD_SHARED inline constinit error_handler handler = nullptr;

}  // namespace shared_state
}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS {

/// Replaces the handler; returns the one before. Null, which it is at first, stands for one that writes to stderr.
inline error_handler set_error_handler(error_handler handler) { return std::exchange(shared_state::handler, handler); }

namespace detail {

#if defined(__GNUC__)
#define TENFOLD_COLD [[gnu::cold, gnu::noinline]]
#else
#define TENFOLD_COLD
#endif

/// The only place that throws.
[[noreturn]] TENFOLD_COLD inline void raise_text(const std::string& text, const std::string& hint = {}) {
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
  throw error(text, hint);
#else
  (void)hint;
  if (shared_state::handler) {
    shared_state::handler(text.c_str());
  } else {
    std::fputs(text.c_str(), stderr);
    std::fputc('\n', stderr);
  }
  std::abort();
#endif
}

/// A piece of an error text: a string, a number, or anything with an append_to(std::string&, x) (shapes and pairs have
/// one). It only points at its object, so that the many places which may raise stay small.
class text_part {
 public:
  text_part(const char* text) : text_part(std::string_view(text)) {}         // NOLINT(google-explicit-constructor)
  text_part(const std::string& text) : text_part(std::string_view(text)) {}  // NOLINT(google-explicit-constructor)
  text_part(std::string_view text)                                           // NOLINT(google-explicit-constructor)
      : object_(text.data()), number_(static_cast<index_t>(text.size())), append_(append_characters) {}
  template <std::integral Number>
  text_part(Number number)  // NOLINT(google-explicit-constructor)
      : number_(static_cast<index_t>(number)), append_(append_number) {}
  template <class X>
    requires requires(std::string& text, const X& x) { append_to(text, x); }
  text_part(const X& x) : object_(&x), append_(append_object<X>) {}  // NOLINT(google-explicit-constructor)

  void append(std::string& text) const { append_(text, *this); }

 private:
  TENFOLD_COLD static void append_characters(std::string& text, const text_part& part) {
    text.append(static_cast<const char*>(part.object_), static_cast<std::size_t>(part.number_));
  }
  TENFOLD_COLD static void append_number(std::string& text, const text_part& part) {
    text += std::to_string(part.number_);
  }
  template <class X>
  TENFOLD_COLD static void append_object(std::string& text, const text_part& part) {
    append_to(text, *static_cast<const X*>(part.object_));
  }

  const void* object_ = nullptr;
  index_t number_ = 0;
  void (*append_)(std::string&, const text_part&);
};

TENFOLD_COLD inline std::string join(std::initializer_list<text_part> parts) {
  std::string text;
  for (const text_part& part : parts) part.append(text);
  return text;
}

[[noreturn]] TENFOLD_COLD inline void raise(std::initializer_list<text_part> parts, const std::string& hint = {}) {
  raise_text(join(parts), hint);
}
[[noreturn]] TENFOLD_COLD inline void raise(const char* text) { raise_text(text); }

}  // namespace detail
}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS
