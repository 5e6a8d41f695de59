// The example that trains: its gradients against PyTorch, its bits, what it keeps when it is stopped, and its program.
#include "common/image.hpp"
#include "train_segment/checkpoint.hpp"
#include "train_segment/curve.hpp"
#include "train_segment/run.hpp"

#include "segment/network.hpp"

#include "support.hpp"

#include <sys/wait.h>  // waitpid
#include <unistd.h>    // fork, execv

#include <chrono>
#include <csignal>  // kill
#include <cstdlib>  // setenv
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

namespace {

namespace tf = tenfold;
using tenfold_test::available_isas;
using tenfold_test::compare;
using tenfold_test::on;
using tenfold_test::on_threads;
using tf::index_t;

const std::string data_dir = TENFOLD_SEGMENT_DATA_DIR;
const std::string golden_dir = TENFOLD_GOLDEN_DIR "/train_segment";

const training::lesson& coins() {
  static const training::lesson lesson = training::make_lesson(images::read_png(data_dir + "/coins.png"));
  return lesson;
}

/// A run that takes no time.
training::settings small_settings(training::method method = training::method::adam) {
  training::settings s;
  s.steps = 60;
  s.batch = 2;
  s.crop = 24;
  s.learning_rate = 1e-3;
  s.optimizer.method = method;
  return s;
}

training::run_state run_of(const training::settings& s, index_t steps, const tf::context& ctx = tf::default_context()) {
  auto run = training::begin(s);
  while (run.step < steps) training::take_step(run, s, coins(), ctx);
  return run;
}

// ---- the gradient step ----------------------------------------------------------------------------------------------

struct golden {
  tf::safetensors::file file{golden_dir + "/ten_steps.safetensors"};
  nlohmann::json settings = nlohmann::json::parse(file.metadata().at("settings"));

  training::parameters parameters(const std::string& prefix) const {
    training::parameters p;
    training::for_each_tensor(
        [&](const std::string& name, tf::tensor<float>& x) { x = file.get<float>(prefix + "." + name); }, p);
    return p;
  }

  training::batch batch(index_t step) const {
    const auto grey = file.get<float>("pictures");         // (10, N, 1, S, S)
    const auto target = file.get<std::int8_t>("targets");  // (10, N, 3, S, S)
    const index_t count = grey.shape()[1], size = grey.shape()[3], plane = size * size;
    training::batch b{tf::tensor<float>({count, 3, size, size}), tf::tensor<float>({count, 3, size, size})};
    for (index_t i = 0; i < b.pictures.size(); ++i) {
      b.pictures.data()[i] = grey.data()[(step * count + i / (3 * plane)) * plane + i % plane];
      b.targets.data()[i] = static_cast<float>(target.data()[step * b.targets.size() + i]);
    }
    return b;
  }
};

double farthest(const training::parameters& a, const training::parameters& b) {
  double most = 0;
  training::for_each_tensor(
      [&](const std::string&, const tf::tensor<float>& x, const tf::tensor<float>& y) {
        for (index_t i = 0; i < x.size(); ++i)
          most = std::max(most, std::abs(static_cast<double>(x.data()[i]) - static_cast<double>(y.data()[i])));
      },
      a, b);
  return most;
}

/// The loss to 1e-5, the weights to 1e-4, as promised; PyTorch's own float32 is ten times as close (generate.py).
void expect_ten_steps(const std::string& method, const tf::context& ctx) {
  const golden g;
  const auto& settings = g.settings.at(method);
  const double rate = settings.at("learning_rate");
  training::optimizer_settings o;
  o.method = method == "sgd" ? training::method::sgd : training::method::adam;
  o.momentum = settings.at("momentum");
  o.weight_decay = settings.at("weight_decay");

  auto weights = g.parameters("begin");
  training::momenta averages;
  const auto losses = g.file.get<double>(method + ".losses");
  for (index_t t = 1; t <= losses.size(); ++t) {
    auto batch = g.batch(t - 1);
    training::activations a;
    const auto logits = training::forward(weights, std::move(batch.pictures), a, ctx);
    auto [loss, grad] = training::cross_entropy(logits, batch.targets, ctx);
    EXPECT_NEAR(loss, losses.data()[t - 1], 1e-5) << "step " << t;
    const auto gradients = training::backward(weights, a, std::move(grad), {.input = false}, ctx);
    EXPECT_EQ(gradients.image.size(), 0);
    training::update(weights, gradients.weights, averages, o, t, rate);
  }
  const auto expected = g.parameters(method);
  EXPECT_LE(farthest(weights, expected), 1e-4);
  EXPECT_GT(farthest(g.parameters("begin"), expected), 1e-2);  // or nothing would have been asked
}

TEST(TrainNetwork, TenStepsOfSgdAgreeWithPyTorch) {
  for (const tf::isa level : available_isas()) {
    SCOPED_TRACE(name_of(level));
    expect_ten_steps("sgd", on(level));
  }
}

TEST(TrainNetwork, TenStepsOfAdamAgreeWithPyTorch) {
  for (const tf::isa level : available_isas()) {
    SCOPED_TRACE(name_of(level));
    expect_ten_steps("adam", on(level));
  }
}

/// Six products in a row, of at most 32 * 25 terms, each of which may be off by its rounding: 6 * 800 * 2^-24 of the
/// largest gradient, or 3e-4.
TEST(TrainNetwork, GradientOfTheImageAgreesWithPyTorch) {
  const golden g;
  const auto weights = g.parameters("begin");
  const auto expected = g.file.get<float>("image_gradient");
  double largest = 0;
  for (const float e : std::span(expected.data(), 6 * 32 * 32)) largest = std::max(largest, std::abs(double{e}));
  for (const tf::isa level : available_isas()) {
    auto batch = g.batch(0);
    training::activations a;
    const auto logits = training::forward(weights, std::move(batch.pictures), a, on(level));
    auto grad = training::cross_entropy(logits, batch.targets, on(level)).grad;
    const auto got = training::backward(weights, a, std::move(grad), {.weight = false, .bias = false}, on(level));
    EXPECT_TRUE(compare(got.image, expected, [&](float x, float e, index_t) {
      return std::abs(double{x} - double{e}) <= 3e-4 * largest;
    })) << name_of(level);
    EXPECT_EQ(got.weights[training::conv2].weight.size(), 0);
  }
}

TEST(TrainNetwork, AnswersAsSegmentDoes) {
  const auto weights = training::random_parameters(3);
  tf::safetensors::content content;
  training::for_each_tensor([&](const std::string& name, const tf::tensor<float>& x) { content.add(name, x); },
                            weights);
  const segment::conv_deconv network(tf::safetensors::file(content.bytes(), "F"));
  const auto image = tenfold_test::random_tensor<float>({2, 3, 33, 40});
  training::activations a;
  const auto got = tf::sigmoid(training::forward(weights, image, a, tf::default_context()));
  EXPECT_TRUE(compare(got, network.forward(image), [](float x, float e, index_t) {
    return std::abs(x - e) <= 1e-5f;  // what segment promises
  }));
}

TEST(TrainLoss, IsTheMeanOfBinaryCrossEntropy) {
  const tf::tensor<float> logits({1, 2, 1, 2}, {0, 100, -100, 2}), target({1, 2, 1, 2}, {1, 1, 1, 0});
  const auto [loss, grad] = training::cross_entropy(logits, target, tf::default_context());
  EXPECT_NEAR(loss, (std::log(2.0) + 0 + 100 + std::log1p(std::exp(2.0))) / 4, 1e-5);
  const double expected[] = {-0.5 / 4, 0, -1.0 / 4, 1 / (1 + std::exp(-2.0)) / 4};
  for (index_t i = 0; i < 4; ++i) EXPECT_NEAR(grad.data()[i], expected[i], 1e-7) << i;
}

TEST(TrainLoss, OverlapCountsItsColumnsOnly) {
  const tf::tensor<float> answer({1, 1, 1, 5}, {1, 1, 0, 1, 1}), mask({1, 5}, {1, 0, 1, 1, 0});
  EXPECT_DOUBLE_EQ(training::overlap(answer, 0.5f, mask, 0, 5), 2.0 / 5);
  EXPECT_DOUBLE_EQ(training::overlap(answer, 0.5f, mask, 3, 5), 1.0 / 2);
  EXPECT_DOUBLE_EQ(training::overlap(answer, 1, tf::tensor<float>({1, 5}), 0, 5), 1);  // nothing there, nothing found
}

// ---- what is learnt from --------------------------------------------------------------------------------------------

/// The numbers of pixels are those of the same steps in scikit-image 0.25 and SciPy (watershed of the Sobel gradient,
/// binary_fill_holes, binary_opening with disk(4); rim by binary_dilation and binary_erosion with disk(2)).
TEST(TrainLabels, AreThoseOfScikitImage) {
  const auto& target = coins().target;
  const index_t plane = 303 * 384;
  ASSERT_EQ(target.shape(), (tf::shape{3, 303, 384}));
  const auto count = [&](index_t c) {
    return std::count(target.data() + c * plane, target.data() + (c + 1) * plane, 1.0f);
  };
  EXPECT_EQ(count(0), 38841);
  EXPECT_EQ(count(1), 12269);
  EXPECT_EQ(count(2), plane - 38841);
  tf::tensor<float> without_rim({1, 3, 303, 384});  // so that find_coins takes the label for an answer
  std::copy(target.data(), target.data() + plane, without_rim.data());
  EXPECT_EQ(segment::find_coins(without_rim).size(), 24u);
}

TEST(TrainCrops, NeverSeeTheHeldOutColumns) {
  auto lesson = coins();
  EXPECT_EQ(lesson.split, 256);
  for (index_t y = 0; y < lesson.height(); ++y)
    for (index_t x = lesson.split; x < lesson.width(); ++x)
      for (index_t c = 0; c < 3; ++c) lesson.target(c, y, x) = 7;
  for (std::uint64_t stream = 1; stream <= 200; ++stream) {
    const auto batch = training::draw_batch(lesson, 2, 100, training::random_stream(1, stream));
    ASSERT_EQ(std::count(batch.targets.data(), batch.targets.data() + batch.targets.size(), 7.0f), 0) << stream;
  }
  training::draw_batch(lesson, 1, 256, training::random_stream(1, 1));  // the widest there is
}

/// The eight symmetries keep a square's pixels, and every one of them is another order.
TEST(TrainCrops, PlacesAreTheSquaresSymmetries) {
  std::vector<std::vector<index_t>> orders;
  for (int i = 0; i < 8; ++i) {
    const training::detail::crop_place place{2, 3, 4, (i & 1) != 0, (i & 2) != 0, (i & 4) != 0};
    std::vector<index_t> order;
    for (index_t k = 0; k < 16; ++k) order.push_back(place.source(k / 4, k % 4, 20));
    orders.push_back(order);
    std::sort(order.begin(), order.end());
    for (index_t k = 0; k < 16; ++k)
      EXPECT_EQ(order[static_cast<std::size_t>(k)], (2 + k / 4) * 20 + 3 + k % 4) << i << ", " << k;
  }
  std::sort(orders.begin(), orders.end());
  EXPECT_EQ(std::unique(orders.begin(), orders.end()), orders.end());
}

TEST(TrainRandom, IsSplitmix64) {
  EXPECT_EQ(training::mixed(1234567 + 0x9e3779b97f4a7c15), 6457827717110365317u);  // its published first number
  training::random_stream random(1, 2), same(1, 2), other(1, 3);
  EXPECT_EQ(random.next(), same.next());
  EXPECT_NE(random.next(), other.next());
  for (int i = 0; i < 1000; ++i) {
    const float x = random.uniform(-1, 1);
    EXPECT_TRUE(x >= -1 && x < 1);
    const index_t k = random.below(3);
    EXPECT_TRUE(k >= 0 && k < 3);
  }
}

TEST(TrainSettings, RateRisesThenFalls) {
  auto s = small_settings();
  EXPECT_LT(training::learning_rate(s, 1), s.learning_rate / 5);
  EXPECT_DOUBLE_EQ(training::learning_rate(s, 7), s.learning_rate);  // a tenth of sixty, and one
  for (index_t t = 8; t <= 60; ++t) EXPECT_LT(training::learning_rate(s, t), training::learning_rate(s, t - 1)) << t;
  EXPECT_GT(training::learning_rate(s, 60), 0);
}

// ---- bits and checkpoints -------------------------------------------------------------------------------------------

class temporary_folder {
 public:
  explicit temporary_folder(const std::string& name)
      : path_(testing::TempDir() + "tenfold_train_" + std::to_string(::getpid()) + "_" + name) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~temporary_folder() { std::filesystem::remove_all(path_); }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;

  std::string path() const { return path_; }
  std::string operator/(const std::string& file) const { return path_ + "/" + file; }

 private:
  std::string path_;
};

std::string content_of(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void write(const std::string& path, const std::string& content) { std::ofstream(path, std::ios::binary) << content; }

TEST(TrainRun, BitsDoNotDependOnThreads) {
  for (const auto method : {training::method::sgd, training::method::adam}) {
    const auto s = small_settings(method);
    const std::string serial = training::checkpoint_bytes(run_of(s, 3), s);
    for (const int threads : {2, 3})
      EXPECT_EQ(training::checkpoint_bytes(run_of(s, 3, on_threads(threads)), s), serial) << threads;
  }
}

TEST(TrainRun, ResumesWithTheSameBits) {
  const temporary_folder folder("resume");
  for (const auto method : {training::method::sgd, training::method::adam}) {
    const auto s = small_settings(method);
    files::replace_file(folder / "c", training::checkpoint_bytes(run_of(s, 19), s));
    auto run = training::read_checkpoint(folder / "c", s);
    EXPECT_EQ(run.step, 19);
    for (int i = 0; i < 3; ++i) training::take_step(run, s, coins(), tf::default_context());
    EXPECT_EQ(run.looks.size(), 1u);  // after step 20
    EXPECT_EQ(training::checkpoint_bytes(run, s), training::checkpoint_bytes(run_of(s, 22), s));
  }
}

TEST(TrainRun, StopsBeforeWeightsThatAreNotNumbers) {
  const auto s = small_settings();
  auto run = run_of(s, 1);
  run.weights[training::deconv3].bias.data()[0] = std::numeric_limits<float>::infinity();
  const std::string before = training::checkpoint_bytes(run, s);
  EXPECT_THROW(training::take_step(run, s, coins(), tf::default_context()), std::runtime_error);
  EXPECT_EQ(training::checkpoint_bytes(run, s), before);
}

std::string refusal_of(const std::string& path, const training::settings& s) {
  try {
    training::read_checkpoint(path, s);
  } catch (const tf::error& e) {
    return e.what();
  }
  return "no error";
}

TEST(TrainCheckpoint, RefusesOthers) {
  const temporary_folder folder("others");
  const std::string path = folder / "c";
  const auto s = small_settings();
  EXPECT_EQ(refusal_of(path, s), path + ": it cannot be opened (No such file or directory)");
  write(path, training::checkpoint_bytes(training::begin(s), s));
  EXPECT_EQ(refusal_of(path, s), "no error");

  auto other = s;
  other.seed = 2;
  EXPECT_EQ(refusal_of(path, other), path + ": was made with --seed 1, and this run has 2");
  other = small_settings(training::method::sgd);
  EXPECT_EQ(refusal_of(path, other), path + ": was made with --optimizer adam, and this run has sgd");

  const std::string weights = data_dir + "/coins.safetensors";
  EXPECT_EQ(refusal_of(weights, s), weights + ": is not a checkpoint of this program");
  auto run = training::begin(s);
  run.weights[training::conv1].weight = tf::tensor<float>({16, 3, 5, 5});
  write(path, training::checkpoint_bytes(run, s));
  EXPECT_EQ(refusal_of(path, s),
            path + ": tensor \"conv1.weight\" has the shape [16, 3, 5, 5], where this network needs [16, 3, 4, 4]");
}

TEST(TrainCheckpoint, RefusesDamagedOnes) {
  const temporary_folder folder("damaged");
  const std::string path = folder / "c";
  const auto s = small_settings();
  const std::string whole = training::checkpoint_bytes(run_of(s, 2), s);
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{7}, std::size_t{1000}, whole.size() / 2, whole.size() - 1}) {
    write(path, whole.substr(0, size));
    EXPECT_NE(refusal_of(path, s), "no error") << size;
  }
  for (std::size_t i = 0; i < whole.size(); i += i < 5000 ? 41 : 9973) {  // the header, then the data
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    write(path, damaged);
    EXPECT_NE(refusal_of(path, s), "no error") << i;
  }
  write(path, whole + '\0');
  EXPECT_NE(refusal_of(path, s), "no error");
}

std::string failure_of(const std::string& path) {
  try {
    files::replace_file(path, "new");
  } catch (const tf::error& e) {
    return e.what();
  }
  return "no error";
}

TEST(ReplaceFile, ReplacesOrLeaves) {
  const temporary_folder folder("replace");
  const std::string path = folder / "f";
  EXPECT_EQ(failure_of(path), "no error");
  EXPECT_EQ(content_of(path), "new");
  write(path, "something longer");
  write(path + ".part", "left over by a kill");
  EXPECT_EQ(failure_of(path), "no error");
  EXPECT_EQ(content_of(path), "new");
  EXPECT_FALSE(std::filesystem::exists(path + ".part"));

  const std::string missing = folder / "not/there";
  EXPECT_EQ(failure_of(missing), missing + ": cannot be written (No such file or directory)");
  const std::string taken = folder / "taken";
  std::filesystem::create_directories(taken + "/by a file");
  EXPECT_EQ(failure_of(taken), taken + ": cannot be written (Is a directory)");
  EXPECT_FALSE(std::filesystem::exists(taken + ".part"));
}

TEST(TrainCurve, IsDrawnOfAnyRun) {
  training::run_state run;
  for (const index_t steps : {1, 40, 800}) {
    EXPECT_EQ(training::draw_curves(run, steps).shape(), (tf::shape{1, 3, 560, 800}));
    run.losses = {0.7f, 1e30f, 0.0f};
    run.looks = {0.0f, 1.0f};
  }
}

#ifdef TENFOLD_TRAIN_SEGMENT_PROGRAM

// ---- the program ----------------------------------------------------------------------------------------------------

using argument_list = std::vector<std::string>;

/// The program on small crops, its output in files of the folder.
class program {
 public:
  program(const temporary_folder& folder, argument_list arguments) : folder_(folder) {
    arguments.insert(arguments.begin(), TENFOLD_TRAIN_SEGMENT_PROGRAM);
    arguments.insert(arguments.end(), {"--out", folder / "run"});
    std::vector<char*> pointers;
    for (std::string& a : arguments) pointers.push_back(a.data());
    pointers.push_back(nullptr);
    const std::string out = folder / "stdout", err = folder / "stderr";
    id_ = ::fork();
    if (id_ != 0) return;
    ::setenv("OMP_WAIT_POLICY", "passive", 1);  // other tests run beside this one, and threads that spin hold them up
    if (!std::freopen(out.c_str(), "w", stdout) || !std::freopen(err.c_str(), "w", stderr)) ::_exit(99);
    ::execv(pointers[0], pointers.data());
    ::_exit(98);
  }
  ~program() {
    if (id_ > 0) stop(SIGKILL);
  }
  program(const program&) = delete;
  program& operator=(const program&) = delete;

  /// Its exit code; of one that a signal ended, minus that.
  int wait() {
    int status = 0;
    ::waitpid(id_, &status, 0);
    id_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  bool running() const {
    siginfo_t ended{};
    return ::waitid(P_PID, static_cast<id_t>(id_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == 0;
  }
  int stop(int signal) {
    ::kill(id_, signal);
    return wait();
  }
  std::string out() const { return content_of(folder_ / "stdout"); }
  std::string err() const { return content_of(folder_ / "stderr"); }

 private:
  const temporary_folder& folder_;
  pid_t id_;
};

argument_list small_run(index_t steps, argument_list more = {}) {
  argument_list list{"--steps", std::to_string(steps), "--batch", "1", "--crop", "24", "--learning-rate", "0.001"};
  list.insert(list.end(), more.begin(), more.end());
  return list;
}

training::settings settings_of_small_run(index_t steps) {
  auto s = small_settings();
  s.steps = steps;
  s.batch = 1;
  return s;
}

/// Waits until the checkpoint is there and has that many steps, or the program has ended.
void wait_for_step(const program& run, const std::string& checkpoint, index_t step, const training::settings& s) {
  while (run.running() &&
         (!std::filesystem::exists(checkpoint) || training::read_checkpoint(checkpoint, s).step < step))
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

TEST(TrainProgram, TrainsAndWritesWhatSegmentReads) {
  const temporary_folder folder("program");
  program run(folder, small_run(45));
  EXPECT_EQ(run.wait(), 0) << run.err();
  EXPECT_EQ(run.err(), "");
  EXPECT_EQ(run.out().find('\r'), std::string::npos);  // not a terminal
  for (const char* part : {"step 20/45  loss ", "step 45/45  loss ", "  0:00 left\n", "held-out ones\n", "written: "})
    EXPECT_NE(run.out().find(part), std::string::npos) << part << " in\n" << run.out();
  const tf::safetensors::file weights(folder / "run/weights.safetensors");
  EXPECT_EQ(weights.metadata().at("channels"), segment::coin_channels);
  segment::conv_deconv(weights).forward(tf::tensor<float>({1, 3, 24, 24}));
  segment::conv_deconv(tf::safetensors::file(folder / "run/checkpoint.safetensors"));
  EXPECT_EQ(images::read_png(folder / "run/loss.png").shape()[3], 800);

  const std::string checkpoint = content_of(folder / "run/checkpoint.safetensors");
  program again(folder, small_run(45));
  EXPECT_EQ(again.wait(), 2);
  EXPECT_EQ(again.err(), "train_segment: " + (folder / "run/checkpoint.safetensors") +
                             ": is there already; --resume goes on from it, --restart begins anew\n");
  EXPECT_EQ(content_of(folder / "run/checkpoint.safetensors"), checkpoint);
}

TEST(TrainProgram, GoesOnWithTheBitsOfAnUnbrokenRun) {
  const temporary_folder unbroken("unbroken"), broken("broken");
  EXPECT_EQ(program(unbroken, small_run(100, {"--threads", "1"})).wait(), 0);

  const auto s = settings_of_small_run(100);
  const std::string checkpoint = broken / "run/checkpoint.safetensors";
  program first(broken, small_run(100, {"--threads", "2", "--save-every", "1"}));
  wait_for_step(first, checkpoint, 30, s);
  EXPECT_EQ(first.stop(SIGKILL), -SIGKILL);
  program second(broken, small_run(100, {"--threads", "2", "--save-every", "1", "--resume"}));
  wait_for_step(second, checkpoint, 60, s);
  EXPECT_EQ(second.stop(SIGTERM), 128 + SIGTERM);
  EXPECT_NE(second.out().find("--resume goes on"), std::string::npos) << second.out();
  program third(broken, small_run(100, {"--resume"}));
  EXPECT_EQ(third.wait(), 0) << third.err();
  for (const char* file : {"run/checkpoint.safetensors", "run/weights.safetensors", "run/loss.png"})
    EXPECT_EQ(content_of(broken / file), content_of(unbroken / file)) << file;
}

/// Checkpoints all the time, and kills whenever it may be.
TEST(TrainProgram, LeavesAWholeCheckpointWhenItIsKilled) {
  const temporary_folder folder("killed");
  const auto s = settings_of_small_run(100'000);
  const std::string checkpoint = folder / "run/checkpoint.safetensors";
  index_t reached = 0;
  for (int i = 0; i < 8; ++i) {
    program run(folder, small_run(100'000, {"--save-every", "1", "--threads", "1", i == 0 ? "--restart" : "--resume"}));
    wait_for_step(run, checkpoint, reached + 1, s);
    std::this_thread::sleep_for(std::chrono::microseconds(1237 * i));
    EXPECT_EQ(run.stop(SIGKILL), -SIGKILL) << run.err();
    const index_t step = training::read_checkpoint(checkpoint, s).step;
    EXPECT_GT(step, reached);
    reached = step;
  }
}

TEST(TrainProgram, SavesWhatItHasWhenItIsStopped) {
  for (const int signal : {SIGTERM, SIGINT}) {
    const temporary_folder folder("stopped");
    program run(folder, small_run(100'000, {"--save-every", "7"}));
    wait_for_step(run, folder / "run/checkpoint.safetensors", 7, settings_of_small_run(100'000));
    EXPECT_EQ(run.stop(signal), 128 + signal) << run.err();
    const auto saved = training::read_checkpoint(folder / "run/checkpoint.safetensors", settings_of_small_run(100'000));
    EXPECT_GE(saved.step, 7);
    EXPECT_NE(run.out().find("stopped after step " + std::to_string(saved.step) + " of 100000"), std::string::npos);
    const tf::safetensors::file weights(folder / "run/weights.safetensors");
    EXPECT_EQ(weights.metadata().at("step"), std::to_string(saved.step));
  }
}

/// One sentence on one line, exit code 2, nothing on stdout.
void expect_refusal(const argument_list& arguments, const std::string& beginning) {
  const temporary_folder folder("refusal");
  program run(folder, arguments);
  EXPECT_EQ(run.wait(), 2) << beginning;
  EXPECT_EQ(run.err().find("train_segment: " + beginning), 0u) << run.err();
  EXPECT_EQ(run.err().find('\n'), run.err().size() - 1) << run.err();
  EXPECT_EQ(run.out(), "");
}

TEST(TrainProgram, RefusesWhatItCannotDo) {
  expect_refusal({"--setps", "3"}, "unknown option '--setps'; usage: train_segment ");
  expect_refusal({"--optimizer", "rmsprop"}, "--optimizer takes adam or sgd, but got 'rmsprop'");
  expect_refusal({"--steps", "0"}, "--steps takes a number from 1 to 1000000, but got '0'");
  expect_refusal({"--crop", "257"}, "--crop takes a number from 23 to 256, but got '257'");
  expect_refusal({"--learning-rate", "nan"}, "--learning-rate takes a number from 1e-09 to 1000, but got 'nan'");
  expect_refusal({"--seed", "-1"}, "--seed takes a number from 0 to 18446744073709551615, but got '-1'");
  expect_refusal({"--resume", "--restart"}, "--resume and --restart exclude each other");
  expect_refusal({"--out"}, "unknown option '");  // which takes the --out behind it for its value
  const temporary_folder folder("help");
  program help(folder, {"--help"});
  EXPECT_EQ(help.wait(), 0);
  EXPECT_EQ(help.out().find("usage: train_segment "), 0u);
}

TEST(TrainProgram, RefusesFoldersAndCheckpointsItCannotUse) {
  const temporary_folder folder("unusable");
  const std::string path = folder / "run", checkpoint = folder / "run/checkpoint.safetensors";
  const auto refusal = [&](const argument_list& arguments) {
    program run(folder, arguments);
    EXPECT_EQ(run.wait(), 2);
    return run.err();
  };
  EXPECT_EQ(refusal(small_run(3, {"--resume"})),
            "train_segment: " + checkpoint + ": it cannot be opened (No such file or directory)\n");
  std::filesystem::remove_all(path);
  write(path, "a file");
  EXPECT_EQ(refusal(small_run(3)).find("train_segment: " + path + ": cannot be made a folder ("), 0u);
  EXPECT_EQ(content_of(path), "a file");
  std::filesystem::remove(path);

  const auto s = settings_of_small_run(3);
  std::filesystem::create_directories(path);
  std::string damaged = training::checkpoint_bytes(training::begin(s), s);
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  write(checkpoint, damaged);
  EXPECT_EQ(refusal(small_run(3, {"--resume"})),
            "train_segment: " + checkpoint + ": is damaged: its checksum is not that of its content\n");
  EXPECT_EQ(content_of(checkpoint), damaged);  // nothing lost that somebody may still mend
}

#endif

}  // namespace
