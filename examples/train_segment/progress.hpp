// How far a run is: on a terminal a bar that is drawn over, elsewhere a line from time to time.
#pragma once

#include "run.hpp"

#include <sys/ioctl.h>  // TIOCGWINSZ
#include <unistd.h>     // isatty

#include <algorithm>  // clamp
#include <chrono>
#include <cstdio>
#include <cstdlib>  // getenv
#include <string>
#include <string_view>

namespace training {

class progress {
 public:
  progress(index_t done, index_t steps) : begun_at_(done), steps_(steps) {}
  ~progress() { end(); }
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;

  void show(const run_state& run) {
    const auto now = clock::now();
    const bool last = run.step == steps_;
    if (terminal_ ? !last && now - drawn_ < std::chrono::milliseconds(100) : !last && run.step % look_every != 0)
      return;
    drawn_ = now;
    const std::string text = numbers(run, std::chrono::duration<double>(now - start_).count());
    if (terminal_)
      std::printf("\r%s%s\033[K", bar(run.step, text.size()).c_str(), text.c_str());
    else
      std::printf("%s\n", text.c_str());
    std::fflush(stdout);
    open_line_ = terminal_;
  }

  /// Ends the bar's line.
  void end() {
    if (open_line_) std::puts("");
    open_line_ = false;
  }

 private:
  using clock = std::chrono::steady_clock;

  static bool is_terminal() {
    const char* kind = std::getenv("TERM");
    return ::isatty(STDOUT_FILENO) && kind && std::string_view(kind) != "dumb";
  }

  static std::size_t terminal_columns() {
    winsize size{};
    return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  }

  /// What is left of the line, 40 columns at most.
  std::string bar(index_t step, std::size_t text) const {
    const std::size_t columns = terminal_columns();
    if (columns < text + 10) return "";
    const std::size_t width = std::min<std::size_t>(40, columns - text - 4);
    const auto full = static_cast<std::size_t>(step) * width / static_cast<std::size_t>(steps_);
    return "[" + std::string(full, '#') + std::string(width - full, '.') + "] ";
  }

  std::string numbers(const run_state& run, double seconds) const {
    const double rest = seconds / static_cast<double>(run.step - begun_at_) * static_cast<double>(steps_ - run.step);
    char look[16] = "-";
    if (!run.looks.empty()) std::snprintf(look, sizeof look, "%.3f", static_cast<double>(run.looks.back()));
    char text[160];
    std::snprintf(text, sizeof text, "step %lld/%lld  loss %.4f  IoU %s  %d:%02d left",
                  static_cast<long long>(run.step), static_cast<long long>(steps_),
                  static_cast<double>(run.losses.back()), look, static_cast<int>(rest) / 60,
                  static_cast<int>(rest) % 60);
    return text;
  }

  index_t begun_at_, steps_;
  clock::time_point start_ = clock::now(), drawn_{};
  bool terminal_ = is_terminal(), open_line_ = false;
};

}  // namespace training
