// A checked graph with its plans, the arenas of those that have run, and the layers whose weights are packed.
#pragma once

#include <tenfold/detail/net/planner.hpp>

#include <chrono>
#include <mutex>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets {

/// A plan's memory, and its tensors there. One for each run at a time.
struct arena {
  tensor<std::byte> memory;
  std::vector<std::vector<any_view>> tensors;  // of each step
};

class planned_net {
 public:
  planned_net(net_plan plan, const context& ctx) : plan_(std::move(plan)), ctx_(ctx), algorithm_(ctx.algorithm) {}

  const net_plan& plan() const { return plan_; }
  index_t memory_bytes() const {
    return plan_.arena_bytes + (plan_.workspace_bytes > 0 ? workspace_bytes_for(plan_.workspace_bytes) : 0);
  }
  bool suits(std::span<const shape> inputs, const context& ctx) const {
    return ctx.threads == ctx_.threads && ctx.max_workspace_bytes == ctx_.max_workspace_bytes &&
           ctx.math == ctx_.math && ctx.isa == ctx_.isa && ctx.algorithm == algorithm_ &&
           std::equal(inputs.begin(), inputs.end(), plan_.input_shapes.begin(), plan_.input_shapes.end());
  }

  void run(std::span<const any_view> inputs, std::span<void* const> outputs, const context& ctx,
           const layer_observer* observer) {
    std::unique_ptr<arena> own = take();
    for (std::size_t s = 0; s < plan_.steps.size(); ++s) {
      const net_step& step = plan_.steps[s];
      std::vector<any_view>& tensors = own->tensors[s];
      for (std::size_t i = 0; i < tensors.size(); ++i)
        tensors[i] = {step.tensors[i].type(), bytes_at(step.locations[i], *own, inputs, outputs),
                      step.tensors[i].shape()};
      run_step(step, s, tensors, own->memory.data() + plan_.arena_bytes, ctx, observer);
    }
    give_back(std::move(own));
  }

  /// Makes the arena that the next run takes.
  void prepare() { give_back(take()); }

 private:
  static const void* bytes_at(const location& at, const arena& own, std::span<const any_view> inputs,
                              std::span<void* const> outputs) {
    const auto number = static_cast<std::size_t>(at.number);
    switch (at.kind) {
      case memory::arena:
        return own.memory.data() + at.offset;
      case memory::input:
        return static_cast<const std::byte*>(inputs[number].data()) + at.offset;
      case memory::output:
        return static_cast<const std::byte*>(outputs[number]) + at.offset;
      case memory::known:
        break;
    }
    return at.known;
  }

  void run_step(const net_step& step, std::size_t number, const std::vector<any_view>& tensors, std::byte* workspace,
                const context& ctx, const layer_observer* observer) const {
    context own = ctx;
    own.workspace = {};
    if (step.workspace_bytes > 0) own.workspace = {workspace, static_cast<std::size_t>(step.workspace_bytes)};
    const std::span<const any_view> all(tensors);
    const call arguments(all.first(step.inputs), all.subspan(step.inputs), own);
    if (!observer) return step.run(arguments);
    using clock = std::chrono::steady_clock;
    const auto start = clock::now();
    step.run(arguments);
    const std::chrono::duration<double> taken = clock::now() - start;
    (*observer)({number, plan_.steps.size(), step.name, step.op, step.algorithm, tensors[step.inputs].shape(),
                 taken.count(), step.flop, step.bytes});
  }

  std::unique_ptr<arena> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        std::unique_ptr<arena> found = std::move(free_.back());
        free_.pop_back();
        return found;
      }
    }
    auto made = std::make_unique<arena>();
    made->memory = tensor<std::byte>::uninitialized({memory_bytes()});
    for (const net_step& step : plan_.steps) made->tensors.push_back(step.tensors);
    return made;
  }
  void give_back(std::unique_ptr<arena> own) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(own));
  }

  net_plan plan_;
  context ctx_;
  std::string algorithm_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<arena>> free_;
};

/// A few things without memory of their own.
template <class X>
class few {
 public:
  explicit few(std::size_t count) : count_(count) {
    if (count > most) many_.resize(count);
  }
  std::span<X> all() { return {count_ > most ? many_.data() : own_, count_}; }
  X& operator[](std::size_t i) { return all()[i]; }

 private:
  static constexpr std::size_t most = 16;
  std::size_t count_;
  X own_[most] = {};
  std::vector<X> many_;
};

/// The graph with the floats that its constants of 16 bits stand for: nothing computes in those.
inline graph with_floats(graph source) {
  index_t taken = 0;
  for (auto& [name, x] : source.constants) {
    if (x.type() != dtype::float16 && x.type() != dtype::bfloat16) continue;
    const index_t bytes = checked_multiply(x.shape().elements(), bytes_of(dtype::float32));
    if (bytes > source.max_bytes - taken)
      raise({"net: its constants of 16 bits take more than the ", source.max_bytes, " bytes that it may, as floats"});
    taken += bytes;
    const stored as = x.type() == dtype::float16 ? stored::fp16 : stored::bf16;
    const auto* bits = static_cast<const std::int16_t*>(x.data());
    auto wide = tensor<float>::uninitialized(x.shape());
    for (index_t i = 0; i < wide.size(); ++i) wide.data()[i] = widened(bits[i], as);
    x = constant(std::move(wide));
  }
  return source;
}

class engine final : public net_engine {
 public:
  engine(graph source, const net_options& options) : net_(with_floats(std::move(source))), options_(options) {}

  std::vector<std::string> inputs() const override {
    std::vector<std::string> names;
    for (const int v : net_.inputs()) names.push_back(name_of_value(v));
    return names;
  }

  plan_report plan(std::span<const named_shape> inputs, const context& ctx,
                   const plan_progress& progress) const override {
    few<shape> shapes(input_count());
    sort_inputs(inputs, [&](std::size_t to, std::size_t from) { shapes[to] = inputs[from].second; });
    const std::shared_ptr<planned_net> found = plan_for(shapes.all(), ctx, progress);
    found->prepare();
    const net_plan& plan = found->plan();
    return {.arena_bytes = plan.arena_bytes,
            .least_arena_bytes = plan.least_bytes,
            .workspace_bytes = found->memory_bytes() - plan.arena_bytes,
            .layers = plan.steps.size(),
            .outputs = plan.outputs};
  }

  index_t arena_bytes() const override {
    const std::lock_guard lock(mutex_);
    return plans_.empty() ? 0 : plans_.front()->plan().arena_bytes;
  }

  void run(std::span<const named_output> outputs, std::span<const named_view> inputs, const context& ctx,
           const layer_observer& observer) const override {
    few<any_view> views(input_count());
    sort_inputs(inputs, [&](std::size_t to, std::size_t from) { views[to] = inputs[from].second; });
    check_types(views.all());
    few<shape> shapes(input_count());
    for (std::size_t i = 0; i < input_count(); ++i) shapes[i] = views[i].shape();
    const std::shared_ptr<planned_net> found = plan_for(shapes.all(), ctx, {});
    few<void*> bytes(found->plan().outputs.size());
    sort_outputs(found->plan(), outputs, bytes);
    found->run(views.all(), bytes.all(), ctx, observer ? &observer : nullptr);
  }

 private:
  static constexpr std::size_t most_plans = 4;

  std::size_t input_count() const { return net_.inputs().size(); }
  const std::string& name_of_value(int v) const { return net_.values()[static_cast<std::size_t>(v)]; }
  const std::string& input_name(std::size_t i) const { return name_of_value(net_.inputs()[i]); }

  /// Calls take(place of an input, place in `given`) for every input, which have to be there once.
  template <class Named, class Take>
  void sort_inputs(const Named& given, const Take& take) const {
    for (const auto& one : given) find_once(net_.inputs(), given, one.first);
    for (std::size_t i = 0; i < input_count(); ++i) {
      std::size_t from = 0;
      while (from < given.size() && given[from].first != input_name(i)) ++from;
      if (from == given.size()) raise({"net: input ", in_quotes(input_name(i)), " is missing"});
      take(i, from);
    }
  }

  template <class Named>
  void find_once(const std::vector<int>& values, const Named& given, std::string_view name) const {
    const auto is_it = [&](int v) { return name_of_value(v) == name; };
    if (std::none_of(values.begin(), values.end(), is_it)) {
      std::string names;
      for (const int v : values) names += (names.empty() ? "" : ", ") + in_quotes(name_of_value(v));
      raise({"net: there is no input ", in_quotes(name), "; it has ", names});
    }
    if (std::count_if(given.begin(), given.end(), [&](const auto& one) { return one.first == name; }) > 1)
      raise({"net: input ", in_quotes(name), " is given twice"});
  }

  void sort_outputs(const net_plan& plan, std::span<const named_output> given, few<void*>& bytes) const {
    const std::vector<std::string>& names = net_.source().outputs;
    if (given.size() != names.size()) raise({"net: it has ", names.size(), " outputs, but got ", given.size()});
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto found =
          std::find_if(given.begin(), given.end(), [&](const named_output& one) { return one.first == names[i]; });
      if (found == given.end()) raise({"net: output ", in_quotes(names[i]), " is missing"});
      const any_view& wanted = plan.outputs[i];
      const any_output& y = found->second;
      if (y.type() != wanted.type() || !(y.shape() == wanted.shape()))
        raise({"net: output ", in_quotes(names[i]), " is ", name_of(wanted.type()), " of ", wanted.shape(),
               ", but got ", name_of(y.type()), " of ", y.shape()});
      bytes[i] = y.data();
    }
  }

  const graph_input& declared(std::size_t i) const {
    const std::vector<graph_input>& all = net_.source().inputs;
    return *std::find_if(all.begin(), all.end(), [&](const graph_input& d) { return d.name == input_name(i); });
  }

  void check_types(std::span<const any_view> inputs) const {
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i].type() != declared(i).type)
        raise({"net: input ", in_quotes(input_name(i)), " is of ", name_of(declared(i).type), ", but got one of ",
               name_of(inputs[i].type())});
  }

  void check_shapes(std::span<const shape> inputs) const {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      check_not_negative(inputs[i]);
      const graph_input& d = declared(i);
      if (!d.sizes) continue;
      bool fits = inputs[i].size() == d.sizes->size();
      for (std::size_t k = 0; fits && k < inputs[i].size(); ++k)
        fits = (*d.sizes)[k] == -1 || (*d.sizes)[k] == inputs[i][k];
      if (!fits) raise({"net: input ", in_quotes(d.name), " is ", sizes_text(*d.sizes), ", but got ", inputs[i]});
    }
  }

  /// [1, 3, ?, ?].
  static std::string sizes_text(const shape& sizes) {
    std::string text = "[";
    for (std::size_t i = 0; i < sizes.size(); ++i)
      text += (i > 0 ? ", " : "") + (sizes[i] == -1 ? std::string("?") : std::to_string(sizes[i]));
    return text + "]";
  }

  /// That of these shapes, made where it is not among the last few.
  std::shared_ptr<planned_net> plan_for(std::span<const shape> inputs, const context& ctx,
                                        const plan_progress& progress) const {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < plans_.size(); ++i)
      if (plans_[i]->suits(inputs, ctx)) {
        const auto begin = plans_.begin(), found = begin + static_cast<std::ptrdiff_t>(i);
        std::rotate(begin, found, found + 1);
        return plans_.front();
      }
    check_shapes(inputs);
    auto made = std::make_shared<planned_net>(planner(net_, inputs, ctx, options_.weights, layers_).run(progress), ctx);
    plans_.insert(plans_.begin(), made);
    if (plans_.size() > most_plans) plans_.pop_back();
    return made;
  }

  checked_graph net_;
  net_options options_;
  mutable std::mutex mutex_;
  mutable kept_layers layers_;
  mutable std::vector<std::shared_ptr<planned_net>> plans_;  // the last used first
};

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail {

inline std::shared_ptr<const net_engine> make_net_engine(graph description, const net_options& options) {
  return std::make_shared<const nets::engine>(std::move(description), options);
}

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail
