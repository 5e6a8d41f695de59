// From a checked graph and the shapes of its inputs to the steps of a run: shapes and what is known beforehand, fusion,
// how each node runs, where each tensor lies.
#pragma once

#include <tenfold/detail/net/checked_graph.hpp>
#include <tenfold/detail/net/fuse.hpp>
#include <tenfold/detail/net/storage.hpp>

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets {

/// Where a tensor's bytes are found when a net runs.
struct location {
  memory kind = memory::arena;
  int number = 0;
  index_t offset = 0;
  const void* known = nullptr;
};

/// A node's turn. `tensors` are its inputs and then its outputs; of one that is left out the location is known to be
/// null.
struct net_step {
  runner run;
  std::vector<any_view> tensors = {};
  std::vector<location> locations = {};
  std::size_t inputs = 0;
  index_t workspace_bytes = 0;
  std::string name = {}, op = {}, algorithm = {};
  double flop = 0;
  index_t bytes = 0;
};

/// All that follows from the shapes of the inputs and a context.
struct net_plan {
  std::vector<shape> input_shapes;
  std::vector<net_step> steps;
  std::vector<any_view> outputs;  // their types and shapes
  std::vector<constant> known;    // what steps point to
  index_t arena_bytes = 0, least_bytes = 0, workspace_bytes = 0;
};

/// An output of a node as an error of its own; `run` may raise.
template <class Run>
auto named_errors(const graph_node& node, const Run& run) {
#ifdef TENFOLD_FLAG_EXCEPTIONS
  try {
    return run();
  } catch (const error& e) {
    raise({node_text(node), ": ", printable(e.what())}, e.hint());
  }
#else
  return run();
#endif
}

class planner {
 public:
  planner(const checked_graph& net, std::span<const shape> inputs, const context& ctx, stored weights,
          kept_layers& layers)
      : net_(net),
        ctx_(ctx),
        weights_(ctx.math == math::exact ? stored::as_given : weights),
        layers_(layers),
        nodes_(net.nodes()) {
    ctx_.workspace = {};
    plan_.input_shapes.assign(inputs.begin(), inputs.end());
    declare(inputs);
  }

  net_plan run(const plan_progress& progress) {
    for (const net_node& node : nodes_) infer(node);
    fusion(nodes_, values_, net_.outputs(), layers_).run();
    drop_unneeded();
    std::vector<step_plan> plans;
    for (const net_node& node : nodes_) {
      plans.push_back(planned(node, false));
      if (progress) progress(plans.size(), nodes_.size());
    }
    place(plans);
    return std::move(plan_);
  }

 private:
  value& at(int number) { return values_[static_cast<std::size_t>(number)]; }

  void declare(std::span<const shape> inputs) {
    for (const std::string& name : net_.values()) {
      values_.push_back({.name = name});
      const auto found = net_.source().constants.find(name);
      if (found == net_.source().constants.end()) continue;
      value& v = values_.back();
      v.type = found->second.type();
      v.shape = found->second.shape();
      v.known = found->second;
      v.is_weight = true;
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      value& v = at(net_.inputs()[i]);
      v.shape = inputs[i];
      for (const graph_input& declared : net_.source().inputs)
        if (declared.name == v.name) v.type = declared.type;
    }
  }

  step_plan planned(const net_node& n, bool only_shapes) {
    std::vector<const value*> inputs;
    std::vector<value*> outputs;
    for (const int i : n.inputs) inputs.push_back(i == nowhere ? nullptr : &at(i));
    for (const int o : n.outputs) outputs.push_back(o == nowhere ? nullptr : &at(o));
    planning p(n.node, std::move(inputs), std::move(outputs), only_shapes, ctx_, weights_, layers_);
    return named_errors(n.node, [&] {
      if (p.has(0) && !includes(n.op->of, p.type_of(0)))
        raise({"it does not compute in ", name_of(p.type_of(0)), ", of which ", in_quotes(p.input(0).name), " is"});
      n.op->plan(p);
      return std::move(p.plan);
    });
  }

  bool are_known(const std::vector<int>& numbers) {
    return std::all_of(numbers.begin(), numbers.end(), [&](int v) { return v == nowhere || at(v).known; });
  }

  void infer(const net_node& n) {
    if (!are_known(n.inputs)) {
      planned(n, true);
    } else {
      compute(n, planned(n, false));
    }
    const bool of_weights =
        std::all_of(n.inputs.begin(), n.inputs.end(), [&](int v) { return v == nowhere || at(v).is_weight; });
    for (const int o : n.outputs)
      if (o != nowhere && at(o).known) at(o).is_weight = of_weights;
  }

  /// A node of known inputs: its outputs are known.
  void compute(const net_node& n, const step_plan& how) {
    constexpr index_t most_bytes = index_t{1} << 30;  // beyond, it is left to the run
    std::vector<any_view> inputs, outputs;
    std::vector<constant> results;
    for (const int i : n.inputs) inputs.push_back(i == nowhere ? any_view() : *at(i).known);
    for (const int o : n.outputs) {
      if (o != nowhere && at(o).known) return;  // the operation told it
      if (o == nowhere) {
        results.emplace_back();
        outputs.emplace_back();
        continue;
      }
      const index_t bytes = at(o).shape.elements() * bytes_of(at(o).type);
      if (bytes > most_bytes) return;
      spend(n.node, bytes);
      const auto owner = std::make_shared<tensor<std::byte>>(tensor<std::byte>::uninitialized({bytes}));
      results.emplace_back(any_view(at(o).type, owner->data(), at(o).shape), owner);
      outputs.push_back(results.back());
    }
    if (how.run) named_errors(n.node, [&] { how.run(call(inputs, outputs, ctx_)); });
    for (const view_of_input& v : how.views) {
      const constant& whole = *at(n.inputs[v.input]).known;
      const value& part = at(n.outputs[v.output]);
      const auto* bytes = static_cast<const std::byte*>(whole.data()) + v.offset * bytes_of(whole.type());
      results[v.output] = whole.part({part.type, bytes, part.shape});
    }
    for (std::size_t i = 0; i < n.outputs.size(); ++i)
      if (n.outputs[i] != nowhere) at(n.outputs[i]).known = results[i];
  }

  /// Counts what a plan takes.
  void spend(const graph_node& node, index_t bytes) {
    if (bytes > net_.source().max_bytes - spent_)
      raise({node_text(node), ": the plan takes more than the ", net_.source().max_bytes, " bytes that it may"});
    spent_ += bytes;
  }

  /// What is known needs no node, nor does what no output follows from.
  void drop_unneeded() {
    std::vector<bool> is_read(values_.size());
    for (const int o : net_.outputs()) is_read[place_in_list(o)] = !at(o).known;
    std::vector<net_node> kept;
    for (std::size_t i = nodes_.size(); i-- > 0;) {
      net_node& n = nodes_[i];
      const auto reads = [&](int o) { return o != nowhere && is_read[place_in_list(o)]; };
      if (std::none_of(n.outputs.begin(), n.outputs.end(), reads)) continue;
      for (std::size_t o = 1; o < n.outputs.size(); ++o)  // the first has to stay
        if (!reads(n.outputs[o])) n.outputs[o] = nowhere;
      for (const int v : n.inputs)
        if (v != nowhere && !at(v).known) is_read[place_in_list(v)] = true;
      kept.push_back(std::move(n));
    }
    nodes_.assign(std::make_move_iterator(kept.rbegin()), std::make_move_iterator(kept.rend()));
  }

  // ------------------------------------------------------------------------------------------------------- storage

  index_t bytes_of_value(int v) { return at(v).shape.elements() * bytes_of(at(v).type); }

  void place(std::vector<step_plan>& plans) {
    places_.assign(values_.size(), {-1, 0});
    for (std::size_t i = 0; i < net_.inputs().size(); ++i)
      places_[place_in_list(net_.inputs()[i])] = {storages_.add(memory::input, static_cast<int>(i), 0), 0};
    for (std::size_t v = 0; v < values_.size(); ++v)
      if (values_[v].known) places_[v] = {storages_.add(memory::known, static_cast<int>(v), 0), 0};
    for (std::size_t s = 0; s < plans.size(); ++s) place_outputs(nodes_[s], plans[s]);
    for (std::size_t s = 0; s < plans.size(); ++s)
      if (plans[s].is_cat_of_outer_1) place_parts(nodes_[s]);
    take_outputs(plans);
    find_lifetimes(plans);
    for (std::size_t s = 0; s < plans.size(); ++s) overwrite(static_cast<int>(s), plans[s]);
    plan_.arena_bytes = storages_.arrange();
    plan_.least_bytes = storages_.least_bytes();
    if (!nodes_.empty()) spend(nodes_.back().node, plan_.arena_bytes);
    for (std::size_t s = 0; s < plans.size(); ++s) add_step(nodes_[s], plans[s]);
    for (const int o : net_.outputs()) {
      plan_.outputs.emplace_back(at(o).type, nullptr, at(o).shape);
      if (!nodes_.empty()) spend(nodes_.back().node, bytes_of_value(o));
    }
  }

  static std::size_t place_in_list(int number) { return static_cast<std::size_t>(number); }

  void place_outputs(const net_node& n, const step_plan& how) {
    for (const int o : n.outputs)
      if (o != nowhere) places_[place_in_list(o)] = {storages_.add(memory::arena, 0, bytes_of_value(o)), 0};
    for (const view_of_input& v : how.views) {
      if (v.output >= n.outputs.size() || n.outputs[v.output] == nowhere) continue;
      const int o = n.outputs[v.output];
      const placed from = places_[place_in_list(n.inputs[v.input])];
      places_[place_in_list(o)] = {from.storage, from.offset + v.offset * bytes_of(at(o).type)};
    }
  }

  placed place_of(int v) const { return storages_.resolved(places_[place_in_list(v)]); }

  /// Whether a tensor is all of a storage of the arena's.
  bool is_alone(int v) {
    const placed p = place_of(v);
    const storage& s = storages_[p.storage];
    return s.kind == memory::arena && p.offset == 0 && s.bytes == bytes_of_value(v);
  }

  /// The inputs of a cat are made where they stand in its output, each the first time that it is concatenated.
  void place_parts(const net_node& n) {
    const int whole = place_of(n.outputs.front()).storage;
    index_t offset = place_of(n.outputs.front()).offset;
    for (const int v : n.inputs) {
      const index_t bytes = bytes_of_value(v);
      if (bytes > 0 && is_alone(v) && place_of(v).storage != whole)
        storages_.make_part(place_of(v).storage, whole, offset);
      offset += bytes;
    }
  }

  /// The outputs of the net are made in the caller's memory; one that is not all of a storage is copied there at the
  /// end.
  void take_outputs(std::vector<step_plan>& plans) {
    for (std::size_t i = 0; i < net_.outputs().size(); ++i) {
      const int o = net_.outputs()[i];
      if (is_alone(o)) {
        storage& s = storages_[place_of(o).storage];
        s.kind = memory::output;
        s.number = static_cast<int>(i);
        continue;
      }
      net_node copy{.node = {.name = at(o).name, .op = "copy"}, .inputs = {o}};
      copy.outputs.push_back(static_cast<int>(values_.size()));
      values_.push_back({.name = at(o).name, .type = at(o).type, .shape = at(o).shape});
      places_.push_back({storages_.add(memory::output, static_cast<int>(i), bytes_of_value(o)), 0});
      nodes_.push_back(std::move(copy));
      plans.push_back({.run = [](const call& c) {
        const any_view& x = c.any_input();
        const index_t bytes = x.shape().elements() * bytes_of(x.type());
        if (bytes > 0) std::memcpy(c.output_bytes(), x.data(), static_cast<std::size_t>(bytes));
      }});
    }
  }

  void find_lifetimes(const std::vector<step_plan>& plans) {
    const auto use = [&](int v, std::size_t step) {
      if (v == nowhere || places_[place_in_list(v)].storage < 0) return;
      storage& s = storages_[place_of(v).storage];
      const int at_step = static_cast<int>(step);
      s.first = s.last < 0 ? at_step : (std::min)(s.first, at_step);
      s.last = (std::max)(s.last, at_step);
    };
    for (std::size_t s = 0; s < plans.size(); ++s) {
      if (!plans[s].run) continue;
      for (const int v : nodes_[s].inputs) use(v, s);
      for (const int v : nodes_[s].outputs) use(v, s);
    }
  }

  /// An output takes the place of an input that is not read afterwards.
  void overwrite(int step, const step_plan& how) {
    const net_node& n = nodes_[place_in_list(step)];
    for (const std::size_t i : how.overwrites) {
      if (i >= n.inputs.size() || n.inputs[i] == nowhere || n.outputs.front() == nowhere) continue;
      const int v = n.inputs[i], o = n.outputs.front();
      const placed from = place_of(v), to = place_of(o);
      storage& target = storages_[to.storage];
      if (from.storage == to.storage || !is_alone(v) || storages_[from.storage].last != step) continue;
      if (to.offset != 0 || target.bytes != bytes_of_value(o) || bytes_of_value(v) != target.bytes) continue;
      if (target.kind != memory::arena && target.kind != memory::output) continue;
      if (target.first != step || !reads_only_as(n, how, v)) continue;
      storages_.make_part(from.storage, to.storage, 0);
      return;
    }
  }

  /// Whether all that the node reads of v's memory is v itself, element by element.
  bool reads_only_as(const net_node& n, const step_plan& how, int v) {
    for (std::size_t i = 0; i < n.inputs.size(); ++i) {
      const int other = n.inputs[i];
      if (other == nowhere || place_of(other).storage != place_of(v).storage) continue;
      const bool by_element = std::find(how.overwrites.begin(), how.overwrites.end(), i) != how.overwrites.end();
      if (!by_element || place_of(other).offset != place_of(v).offset || bytes_of_value(other) != bytes_of_value(v))
        return false;
    }
    return true;
  }

  void add_step(const net_node& n, step_plan& how) {
    if (!how.run || is_done_in_place(n, how)) return;
    net_step step{.run = std::move(how.run), .inputs = n.inputs.size(), .workspace_bytes = how.workspace_bytes};
    for (const int v : n.inputs) add_tensor(step, v);
    for (const int v : n.outputs) add_tensor(step, v);
    step.name = n.node.name.empty() ? at(first_output(n)).name : n.node.name;
    step.op = label_of(n.node);
    step.algorithm = how.algorithm;
    step.flop = how.flop;
    plan_.workspace_bytes = (std::max)(plan_.workspace_bytes, how.workspace_bytes);
    plan_.steps.push_back(std::move(step));
  }

  static int first_output(const net_node& n) {
    return *std::find_if(n.outputs.begin(), n.outputs.end(), [](int o) { return o != nowhere; });
  }

  /// A cat all of whose inputs were made in their places.
  bool is_done_in_place(const net_node& n, const step_plan& how) {
    if (!how.is_cat_of_outer_1) return false;
    placed expected = place_of(n.outputs.front());
    for (const int v : n.inputs) {
      const placed p = place_of(v);
      const index_t bytes = bytes_of_value(v);
      if (bytes > 0 && (p.storage != expected.storage || p.offset != expected.offset)) return false;
      expected.offset += bytes;
    }
    return true;
  }

  void add_tensor(net_step& step, int v) {
    if (v == nowhere) {
      step.tensors.emplace_back();
      step.locations.push_back({.kind = memory::known});
      return;
    }
    const value& x = at(v);
    const placed p = place_of(v);
    storage& s = storages_[p.storage];
    location where{.kind = s.kind, .number = s.number, .offset = p.offset};
    if (s.kind == memory::arena) where.offset += s.offset;
    if (s.kind == memory::known) {
      const constant& whole = *values_[place_in_list(s.number)].known;
      plan_.known.push_back(whole);
      where.known = static_cast<const std::byte*>(whole.data()) + p.offset;
    }
    step.tensors.emplace_back(x.type, where.known, x.shape);
    step.locations.push_back(where);
    step.bytes += bytes_of_value(v);
  }

  const checked_graph& net_;
  context ctx_;
  stored weights_;
  kept_layers& layers_;
  std::vector<net_node> nodes_;
  std::vector<value> values_;
  std::vector<placed> places_;
  storages storages_;
  index_t spent_ = 0;
  net_plan plan_;
};

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::nets
