// Trains the network of examples/segment: `train_segment --help`.
#include "checkpoint.hpp"
#include "curve.hpp"
#include "options.hpp"
#include "progress.hpp"
#include "run.hpp"

#include "common/image.hpp"
#include "common/threads.hpp"
#include "segment/coins.hpp"

#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <new>  // bad_alloc
#include <stdexcept>
#include <string>

namespace {

namespace tf = tenfold;

volatile std::sig_atomic_t stop_signal = 0;

/// The first one asks for a stop after the step that runs, the second one ends the program at once.
void stop_on(int signal) {
  struct sigaction action {};
  action.sa_handler = [](int number) { stop_signal = number; };
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigaction(signal, &action, nullptr);
}

struct paths {
  std::string checkpoint, weights, curve;

  explicit paths(const std::filesystem::path& folder)
      : checkpoint(folder / "checkpoint.safetensors"),
        weights(folder / "weights.safetensors"),
        curve(folder / "loss.png") {}
};

void make_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw std::runtime_error(folder + ": cannot be made a folder (" + error.message() + ")");
}

training::run_state first_state(const training::options& o, const paths& files) {
  if (o.resume) return training::read_checkpoint(files.checkpoint, o.settings);
  if (!o.restart && std::filesystem::exists(files.checkpoint))
    throw std::runtime_error(files.checkpoint + ": is there already; --resume goes on from it, --restart begins anew");
  return training::begin(o.settings);
}

void save_checkpoint(const training::run_state& run, const training::options& o, const paths& files) {
  files::replace_file(files.checkpoint, training::checkpoint_bytes(run, o.settings));
}

std::string score_text(const training::score& score, tf::index_t split) {
  char text[160];
  std::snprintf(text, sizeof text,
                "IoU of channel 0 > 0.5: %.3f on the training columns (below %d), %.3f on the held-out ones",
                score.learnt, static_cast<int>(split), score.held_out);
  return text;
}

/// The weights for segment, and the curve.
void save_results(const training::run_state& run, const training::options& o, const paths& files,
                  const training::lesson& lesson, const tf::context& ctx) {
  training::activations unused;
  auto output = training::forward(run.weights, lesson.picture, unused, ctx);
  const std::string score = score_text(training::score_of(output, lesson), lesson.split);
  tf::sigmoid_into(output, output, ctx);
  const auto coins = segment::find_coins(output);

  tf::safetensors::content content;
  training::for_each_tensor([&](const std::string& name, const tf::tensor<float>& x) { content.add(name, x); },
                            run.weights);
  content.metadata = {{"program", "examples/train_segment"},
                      {"step", std::to_string(run.step)},
                      {"input", "(N, 3, H, W), grey repeated three times, scaled to [0, 1]"},
                      {"channels", std::string(segment::coin_channels)},
                      {"score", score}};
  for (const auto& [option, value] : describe(o.settings)) content.metadata[option] = value;
  content.write(files.weights);
  files::replace_file(files.curve, images::encode_png(files.curve, training::draw_curves(run, o.settings.steps)));
  std::printf("%s\nfound: %zu coins\nwritten: %s, %s\n", score.c_str(), coins.size(), files.weights.c_str(),
              files.curve.c_str());
}

/// 0, or the signal that stopped it.
int run(const training::options& o) {
  const tf::context ctx = make_context(o.threads);
  const auto lesson = training::make_lesson(images::read_png(TENFOLD_SEGMENT_DATA_DIR "/coins.png"));
  const paths files(o.out);
  make_folder(o.out);
  training::run_state run = first_state(o, files);
  save_checkpoint(run, o, files);  // now, so that a folder that cannot be written to is known before the work
  stop_on(SIGINT);
  stop_on(SIGTERM);

  training::progress progress(run.step, o.settings.steps);
  while (run.step < o.settings.steps && !stop_signal) {
    training::take_step(run, o.settings, lesson, ctx);
    progress.show(run);
    if (run.step % o.save_every == 0) save_checkpoint(run, o, files);
  }
  progress.end();
  save_checkpoint(run, o, files);
  save_results(run, o, files, lesson, ctx);
  if (run.step == o.settings.steps) return 0;
  std::printf("stopped after step %lld of %lld; --resume goes on\n", static_cast<long long>(run.step),
              static_cast<long long>(o.settings.steps));
  return stop_signal;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    const training::options options = training::parse_options(count, arguments);
    if (options.help) return training::print_help(), 0;
    const int signal = run(options);
    return signal ? 128 + signal : 0;
  } catch (const std::bad_alloc&) {
    std::fputs("train_segment: not enough memory\n", stderr);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "train_segment: %s\n", e.what());
  }
  return 2;
}
