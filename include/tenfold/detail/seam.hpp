// Between an operation's checks and its engine: functions of plain numbers and pointers, called as detail::seam::name.
//
// Header-only, they are the engine's own of that name, which the operation's header includes at its end. A program that
// links tenfold::compiled (TENFOLD_COMPILED) compiles no engine: they call compiled::name, which the library defines
// (TENFOLD_COMPILED_LIBRARY) with the engine. Library and program have different flags, so everything that crosses has
// a name and a layout without them: public types, and the aggregates of namespace `plain`.
#pragma once

#include <tenfold/context.hpp>

#if defined(TENFOLD_COMPILED) && defined(TENFOLD_COMPILED_LIBRARY)
#error "the library tenfold::compiled is not compiled with TENFOLD_COMPILED, which stands for its users"
#endif

namespace tenfold::inline v0 {

namespace plain {}

namespace compiled {

using namespace plain;

/// What a file does with the texts of an error of the library, and does not return from: it raises them as its own
/// flags say, and its own macros, some of which rename `error`.
using refusal = void (*)(const char* what, const char* hint);

}  // namespace compiled
}  // namespace tenfold::inline v0

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

/// The element types of the library.
template <class T>
inline constexpr bool is_in_library =
    std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, std::int8_t> ||
    std::same_as<T, std::int16_t> || std::same_as<T, std::int32_t> || std::same_as<T, std::int64_t>;

[[noreturn]] TENFOLD_COLD inline void refuse(const char* what, const char* hint) { raise_text(what, hint); }

/// run(), whose errors go to the caller's own way of refusing.
template <class Run>
auto with_refusal([[maybe_unused]] compiled::refusal refusal, const Run& run) {
#ifdef TENFOLD_FLAG_EXCEPTIONS
  try {
    return run();
  } catch (const error& e) {
    refusal(e.what(), e.hint());
    std::abort();
  }
#else
  return run();
#endif
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail

// TENFOLD_SEAM(result, name, (arguments), parameters...) declares such a function template of the element type T, and
// TENFOLD_SEAM_OF(flag, ...) one of <bool flag, class T>.
#define TENFOLD_SEAM(...) TENFOLD_SEAM_((template <class T>), (<T>), __VA_ARGS__)
#define TENFOLD_SEAM_OF(flag, ...) TENFOLD_SEAM_((template <bool flag, class T>), (<flag, T>), __VA_ARGS__)
#define TENFOLD_UNWRAP(...) __VA_ARGS__
#define TENFOLD_BEHIND(...) __VA_OPT__(, ) __VA_ARGS__

#define TENFOLD_DECLARE_ENGINE(head, result, name, ...)              \
  namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {       \
  TENFOLD_BEGIN_STRICT TENFOLD_UNWRAP head result name(__VA_ARGS__); \
  TENFOLD_END_STRICT                                                 \
  }

#if defined(TENFOLD_COMPILED)
#define TENFOLD_SEAM_(head, list, result, name, arguments, ...)                                                     \
  namespace tenfold::inline v0::compiled {                                                                          \
  TENFOLD_UNWRAP head TENFOLD_SHARED result name(refusal __VA_OPT__(, ) __VA_ARGS__);                               \
  }                                                                                                                 \
  namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::seam {                                                \
  TENFOLD_UNWRAP head result name(__VA_ARGS__) {                                                                    \
    static_assert(is_in_library<T>,                                                                                 \
                  "tenfold::compiled has float, double, int8_t, int16_t, int32_t and int64_t; for other elements, " \
                  "link tenfold::tenfold, which is header-only");                                                   \
    return compiled::name TENFOLD_UNWRAP list(refuse TENFOLD_BEHIND arguments);                                     \
  }                                                                                                                 \
  }
#elif defined(TENFOLD_COMPILED_LIBRARY)
#define TENFOLD_SEAM_(head, list, result, name, arguments, ...)                                      \
  TENFOLD_DECLARE_ENGINE(head, result, name, __VA_ARGS__)                                            \
  namespace tenfold::inline v0::compiled {                                                           \
  TENFOLD_UNWRAP head TENFOLD_SHARED result name(refusal refuse __VA_OPT__(, ) __VA_ARGS__) {        \
    return detail::with_refusal(refuse, [&] { return detail::name TENFOLD_UNWRAP list arguments; }); \
  }                                                                                                  \
  }                                                                                                  \
  namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::seam {                                 \
  using detail::name;                                                                                \
  }
#else
#define TENFOLD_SEAM_(head, list, result, name, arguments, ...)      \
  TENFOLD_DECLARE_ENGINE(head, result, name, __VA_ARGS__)            \
  namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::seam { \
  using detail::name;                                                \
  }
#endif
