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
class error : public std::invalid_argument {
 public:
  explicit error(const std::string& what, std::string hint = {}) : invalid_argument(what), hint_(std::move(hint)) {}
  const char* hint() const noexcept { return hint_.c_str(); }

 private:
  std::string hint_;
};

/// Called with the text before the program aborts, where exceptions are switched off (-fno-exceptions).
using error_handler = void (*)(const char* text);

namespace detail {

inline error_handler& current_error_handler() {
  static error_handler handler = [](const char* text) {
    std::fputs(text, stderr);
    std::fputc('\n', stderr);
  };
  return handler;
}

}  // namespace detail

/// Replaces the handler; returns the one before.
inline error_handler set_error_handler(error_handler handler) {
  return std::exchange(detail::current_error_handler(), handler);
}

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
  current_error_handler()(text.c_str());
  std::abort();
#endif
}

/// A piece of an error text: a string, a number, or anything with an append_to(std::string&, x) (shapes and pairs have
/// one). It only points at its object, so that the many places which may raise stay small.
class text_part {
 public:
  text_part(const char* text) : object_(text), append_(append_characters) {}  // NOLINT(google-explicit-constructor)
  text_part(const std::string& text) : text_part(text.c_str()) {}             // NOLINT(google-explicit-constructor)
  template <std::integral Number>
  text_part(Number number)  // NOLINT(google-explicit-constructor)
      : number_(static_cast<index_t>(number)), append_(append_number) {}
  template <class X>
    requires requires(std::string& text, const X& x) { append_to(text, x); }
  text_part(const X& x) : object_(&x), append_(append_object<X>) {}  // NOLINT(google-explicit-constructor)

  void append(std::string& text) const { append_(text, *this); }

 private:
  TENFOLD_COLD static void append_characters(std::string& text, const text_part& part) {
    text += static_cast<const char*>(part.object_);
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

[[noreturn]] TENFOLD_COLD inline void raise(std::initializer_list<text_part> parts,
                                            const std::string& hint = {}) {
  raise_text(join(parts), hint);
}
[[noreturn]] TENFOLD_COLD inline void raise(const char* text) { raise_text(text); }

}  // namespace detail
}  // namespace tenfold::inline v0
