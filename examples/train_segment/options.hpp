// The command line.
#pragma once

#include "settings.hpp"

#include "segment/network.hpp"  // smallest

#include "common/arguments.hpp"

#include <cstdint>
#include <cstdio>  // printf
#include <stdexcept>
#include <string>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace training {

struct options {
  training::settings settings;
  std::string out = "train_segment";
  index_t save_every = 50;
  int threads = 1;
  bool resume = false;
  bool restart = false;
  bool help = false;
};

inline constexpr const char* usage =
    "usage: train_segment [--out FOLDER] [--resume | --restart] [--optimizer adam|sgd] [--steps N] [--batch N] "
    "[--crop N] [--learning-rate R] [--momentum R] [--weight-decay R] [--seed N] [--save-every N] [--threads N] "
    "[--help]";

inline void print_help() {
  std::printf(
      "%s\n\n"
      "Trains the network of segment from nothing to mark the coins of its photograph. The columns of the right third\n"
      "are held out. Ctrl-C or SIGTERM stops after the step that runs; what is there is saved then.\n\n"
      "  --out FOLDER       where the files go (train_segment):\n"
      "                       weights.safetensors     for segment --weights, written at the end and at a stop\n"
      "                       loss.png                the loss and the held-out overlap (IoU), likewise\n"
      "                       checkpoint.safetensors  all of the run; never seen half written\n"
      "  --resume           goes on from the checkpoint, to the same bits as a run without a break\n"
      "  --restart          begins anew, although there is a checkpoint, which is then overwritten\n"
      "  --optimizer M      adam, or sgd with momentum (adam)\n"
      "  --steps N          how many batches are learnt (800)\n"
      "  --batch N          how many crops a batch has (8)\n"
      "  --crop N           their side in pixels (96)\n"
      "  --learning-rate R  of the best steps (0.003 for adam, 0.3 for sgd)\n"
      "  --momentum R       of the averaged gradient (0.9)\n"
      "  --weight-decay R   decoupled from the gradient (0.0001)\n"
      "  --seed N           of the first weights, crops and lights (1)\n"
      "  --save-every N     steps from checkpoint to checkpoint (50)\n"
      "  --threads N        how many run an operation, which changes no bit (as many as there are processors)\n",
      usage);
}

inline int processors() {
#ifdef _OPENMP
  return std::min(omp_get_num_procs(), 1024);
#else
  return 1;
#endif
}

namespace detail {

inline method parse_method(const std::string& text) {
  if (text == "adam") return method::adam;
  if (text == "sgd") return method::sgd;
  throw std::runtime_error("--optimizer takes adam or sgd, but got '" + text + "'");
}

/// Whether the option is one of the settings'.
inline bool parse_setting(settings& s, arguments::reader& line) {
  constexpr index_t least_crop = segment::conv_deconv::smallest;
  const std::string& option = line.option();
  if (option == "--optimizer")
    s.optimizer.method = parse_method(line.value());
  else if (option == "--steps")
    s.steps = line.number<index_t>(1, 1'000'000);
  else if (option == "--batch")
    s.batch = line.number<index_t>(1, 1024);
  else if (option == "--crop")
    s.crop = line.number<index_t>(least_crop, 256);  // two thirds of the photograph's columns
  else if (option == "--learning-rate")
    s.learning_rate = line.number(1e-9, 1e3);
  else if (option == "--momentum")
    s.optimizer.momentum = line.number(0.0, 0.9999);
  else if (option == "--weight-decay")
    s.optimizer.weight_decay = line.number(0.0, 1.0);
  else if (option == "--seed")
    s.seed = line.number<std::uint64_t>(0, UINT64_MAX);
  else
    return false;
  return true;
}

}  // namespace detail

inline options parse_options(int count, char** values) {
  options o;
  o.threads = processors();
  for (arguments::reader line(count, values, usage); line.next();) {
    if (detail::parse_setting(o.settings, line)) continue;
    if (line.option() == "--out")
      o.out = line.value();
    else if (line.option() == "--save-every")
      o.save_every = line.number<index_t>(1, 1'000'000);
    else if (line.option() == "--threads")
      o.threads = line.number(1, 1024);
    else if (line.option() == "--resume")
      o.resume = true;
    else if (line.option() == "--restart")
      o.restart = true;
    else if (line.option() == "--help")
      o.help = true;
    else
      line.fail_unknown();
  }
  if (o.resume && o.restart) throw std::runtime_error("--resume and --restart exclude each other");
  if (o.settings.learning_rate == 0)
    o.settings.learning_rate = o.settings.optimizer.method == method::adam ? 3e-3 : 0.3;
  return o;
}

}  // namespace training
