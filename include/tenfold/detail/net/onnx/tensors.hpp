// TensorProto as a constant: its elements where they lie in a mapped file, or a copy where they cannot be used there.
#pragma once

#include <tenfold/detail/net/onnx/external_files.hpp>
#include <tenfold/detail/net/onnx/messages.hpp>
#include <tenfold/stored.hpp>

#include <bit>       // endian
#include <charconv>  // from_chars

namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::onnx {

/// Makes constants of one model's tensors.
class tensor_reader {
 public:
  /// `model` are the bytes of the file; where nothing owns them every tensor is copied.
  tensor_reader(owned_bytes model, external_files& files, budget& memory)
      : model_(std::move(model)), files_(files), memory_(memory) {}

  constant read(const tensor_message& t) const {
    const std::optional<dtype> type = dtype_of_element(t.type);
    if (!type) raise({"its type is ", name_of_element(t.type), ", which is not supported"});
    if (t.is_segment) raise("it is a segment of a tensor, which is not supported");
    check_not_negative(shape_of(t));
    if (t.is_external) return from_bytes(t, *type, external_bytes(t, *type));
    if (t.raw) return from_bytes(t, *type, {model_.owner, std::as_bytes(std::span(t.raw->data(), t.raw->size()))});
    return from_fields(t, *type);
  }

 private:
  static shape shape_of(const tensor_message& t) { return shape(std::span<const index_t>(t.sizes)); }
  static index_t byte_count(const tensor_message& t, dtype type) {
    return checked_multiply(shape_of(t).elements(), bytes_of(type));
  }

  static index_t number_of(std::string_view text, const char* what) {
    index_t number = -1;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc() || end != text.data() + text.size() || number < 0)
      raise({"the ", what, " of its external data is ", in_quotes(text), ", not a size"});
    return number;
  }

  owned_bytes external_bytes(const tensor_message& t, dtype type) const {
    const index_t needed = byte_count(t, type);
    const index_t offset = t.offset.empty() ? 0 : number_of(t.offset, "offset");
    const index_t length = t.length.empty() ? needed : number_of(t.length, "length");
    const owned_bytes& file = files_.at(t.location);
    const auto size = static_cast<index_t>(file.bytes.size());
    if (offset > size || length > size - offset)
      raise({"its data are ", length, " bytes from ", offset, " on of the file ", in_quotes(t.location), ", which has ",
             size});
    return {file.owner, file.bytes.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(length))};
  }

  template <class T>
  tensor<T> allocate(const shape& s) const {
    memory_.take(s.elements(), sizeof(T));
    return tensor<T>::uninitialized(s);
  }

  /// Of the elements as the file has them, little-endian and one behind the other.
  constant from_bytes(const tensor_message& t, dtype type, const owned_bytes& raw) const {
    if constexpr (std::endian::native != std::endian::little) raise("models are not read on big-endian machines");
    if (const index_t needed = byte_count(t, type); static_cast<index_t>(raw.bytes.size()) != needed)
      raise({"its shape ", shape_of(t), " of ", name_of(type), " takes ", needed, " bytes, but it has ",
             raw.bytes.size()});
    if (type == dtype::float16) return widen(shape_of(t), stored::fp16, raw.bytes);
    if (type == dtype::bfloat16) return widen(shape_of(t), stored::bf16, raw.bytes);
    return with_dtype(type, [&]<class T>(T) { return elements_of<T>(shape_of(t), raw); });
  }

  template <class T>
  constant elements_of(const shape& s, const owned_bytes& raw) const {
    if constexpr (std::same_as<T, bool>)
      for (const std::byte value : raw.bytes)
        if (value > std::byte{1}) raise("an element of bool is neither 0 nor 1");
    const bool aligned = reinterpret_cast<std::uintptr_t>(raw.bytes.data()) % alignof(T) == 0;
    if (raw.owner && aligned) return {any_view(dtype_of<T>(), raw.bytes.data(), s), raw.owner};
    tensor<T> copy = allocate<T>(s);
    if (copy.size() > 0) std::memcpy(copy.data(), raw.bytes.data(), raw.bytes.size());
    return constant(std::move(copy));
  }

  constant widen(const shape& s, stored as, std::span<const std::byte> raw) const {
    tensor<float> result = allocate<float>(s);
    for (index_t i = 0; i < result.size(); ++i) {
      std::int16_t bits = 0;
      std::memcpy(&bits, raw.data() + 2 * i, 2);
      result.data()[i] = widened(bits, as);
    }
    return constant(std::move(result));
  }

  /// Of float_data, int32_data, int64_data or double_data.
  constant from_fields(const tensor_message& t, dtype type) const {
    switch (type) {
      case dtype::float32:
        return from_field<float, 4>(t, [](float x) { return x; });
      case dtype::float64:
        return from_field<double, 10>(t, [](double x) { return x; });
      case dtype::int64:
        return from_field<index_t, 7>(t, [](index_t x) { return x; });
      case dtype::float16:
        return from_field<float, 5>(t, [](index_t x) { return widened(static_cast<std::int16_t>(x), stored::fp16); });
      case dtype::bfloat16:
        return from_field<float, 5>(t, [](index_t x) { return widened(static_cast<std::int16_t>(x), stored::bf16); });
      default:
        return with_dtype(type,
                          [&]<class T>(T) { return from_field<T, 5>(t, [](index_t x) { return static_cast<T>(x); }); });
    }
  }

  template <class T, protozero::pbf_tag_type Field, class Convert>
  constant from_field(const tensor_message& t, const Convert& convert) const {
    const shape s = shape_of(t);
    const index_t found = for_each_element<Field>(t.message, [](auto) {});
    if (found != s.elements()) raise({"its shape ", s, " has ", s.elements(), " elements, but it has ", found});
    tensor<T> result = allocate<T>(s);
    index_t i = 0;
    for_each_element<Field>(t.message, [&](auto element) { result.data()[i++] = convert(element); });
    return constant(std::move(result));
  }

  /// use(element) for those of the field, packed or not; how many there are.
  template <protozero::pbf_tag_type Field, class Use>
  static index_t for_each_element(std::string_view message, const Use& use) {
    index_t count = 0;
    protozero::pbf_reader in = reader_of(message);
    while (in.next()) {
      if (in.tag_and_type() == bytes_field(Field)) {
        for (const auto element : packed<Field>(in)) use(element), ++count;
      } else if (in.tag_and_type() == unpacked<Field>) {
        use(single<Field>(in)), ++count;
      } else {
        in.skip();
      }
    }
    return count;
  }

  template <protozero::pbf_tag_type Field>
  static constexpr std::uint32_t unpacked = Field == 4    ? float_field(4)
                                            : Field == 10 ? double_field(10)
                                                          : varint_field(Field);
  template <protozero::pbf_tag_type Field>
  static auto packed(protozero::pbf_reader& in) {
    if constexpr (Field == 4)
      return in.get_packed_float();
    else if constexpr (Field == 10)
      return in.get_packed_double();
    else
      return in.get_packed_int64();
  }
  template <protozero::pbf_tag_type Field>
  static auto single(protozero::pbf_reader& in) {
    if constexpr (Field == 4)
      return in.get_float();
    else if constexpr (Field == 10)
      return in.get_double();
    else
      return in.get_int64();
  }

  owned_bytes model_;
  external_files& files_;
  budget& memory_;
};

}  // namespace tenfold::inline v0::inline TENFOLD_FLAGS::detail::onnx
