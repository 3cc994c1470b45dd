#include "serving/onnx_file.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "base/files.h"

namespace warmstart {
namespace {

// Numbers of fields in ONNX's messages (onnx.proto), and how Protocol Buffers encode a field's content.
constexpr std::uint64_t kGraphOfModel = 7, kInitializerOfGraph = 5;
constexpr std::uint64_t kDimsOfTensor = 1, kNameOfTensor = 8, kRawDataOfTensor = 9;
enum WireType : std::uint64_t { kVarint = 0, kEightBytes = 1, kLength = 2, kFourBytes = 5 };

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 128; value >>= 7) bytes += static_cast<char>(value % 128 + 128);
  return bytes + static_cast<char>(value);
}

// A field of a message: all of its bytes, and its content alone where that has a length.
struct WireField {
  std::uint64_t number;
  std::string_view bytes, content;
};

class WireReader {
 public:
  explicit WireReader(std::string_view message) : rest_(message) {}

  std::optional<WireField> next() {
    if (rest_.empty()) return std::nullopt;
    const auto before = rest_;
    const auto tag = number();
    WireField field = {tag >> 3, {}, {}};
    if (tag % 8 == kVarint)
      number();
    else
      field.content = take(tag % 8 == kLength ? number() : width_of(tag % 8));
    field.bytes = before.substr(0, before.size() - rest_.size());
    return field;
  }

 private:
  static std::uint64_t width_of(std::uint64_t type) {
    if (type != kEightBytes && type != kFourBytes) throw std::logic_error("export: the ONNX model has unknown fields");
    return type == kEightBytes ? 8 : 4;
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= static_cast<std::uint64_t>(byte % 128) << shift;
      if (byte < 128) return value;
    }
    throw std::logic_error("export: the ONNX model has a number without an end");
  }
  std::string_view take(std::uint64_t bytes) {
    if (bytes > rest_.size()) throw std::logic_error("export: the ONNX model is cut off");
    const auto taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }

  std::string_view rest_;
};

// Bytes one behind the other, wherever they lie.
class Pieces {
 public:
  void add(std::string_view borrowed) { append({.borrowed = borrowed}); }
  void add_copy(std::string bytes) { append({.own = std::move(bytes)}); }
  void add_field(std::uint64_t number, Pieces content) {
    add_copy(varint(number * 8 + kLength) + varint(content.bytes_));
    for (auto& piece : content.list_) append(std::move(piece));
  }
  void write(PendingFile& file) const {
    for (const auto& piece : list_) file.write(piece.view().data(), piece.view().size());
  }
  std::string text() const {
    std::string all;
    for (const auto& piece : list_) all += piece.view();
    return all;
  }

 private:
  struct Piece {
    std::string own = {};
    std::string_view borrowed = {};
    std::string_view view() const { return own.empty() ? borrowed : std::string_view(own); }
  };
  void append(Piece piece) {
    bytes_ += piece.view().size();
    list_.push_back(std::move(piece));
  }
  std::vector<Piece> list_;
  std::uint64_t bytes_ = 0;
};

enum class Numbers { kKept, kLeftOut };

Pieces with_tensor(std::string_view message, const at::Tensor& tensor, Numbers numbers) {
  Pieces pieces;
  for (const auto size : tensor.sizes())
    pieces.add_copy(varint(kDimsOfTensor * 8 + kVarint) + varint(static_cast<std::uint64_t>(size)));
  WireReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number == kDimsOfTensor) continue;
    if (field->number != kRawDataOfTensor) {
      pieces.add(field->bytes);
      continue;
    }
    Pieces data;
    if (numbers == Numbers::kKept)
      data.add({static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()});
    else
      data.add_copy(std::string(1, '\0'));  // a tensor without any is none
    pieces.add_field(kRawDataOfTensor, std::move(data));
  }
  return pieces;
}

std::string name_of_initializer(std::string_view message) {
  WireReader reader(message);
  while (const auto field = reader.next())
    if (field->number == kNameOfTensor) return std::string(field->content);
  return "";
}

// A copy of the message in which each field `number` is what `replaced` makes of its content, if it makes something.
template <typename Replaced>
Pieces with_fields(std::string_view message, std::uint64_t number, const Replaced& replaced) {
  Pieces pieces;
  WireReader reader(message);
  while (const auto field = reader.next()) {
    std::optional<Pieces> other;
    if (field->number == number) other = replaced(field->content);
    if (other)
      pieces.add_field(number, std::move(*other));
    else
      pieces.add(field->bytes);
  }
  return pieces;
}

Pieces with_tensors(const std::string& model, const std::map<std::string, at::Tensor>& tensors, Numbers numbers) {
  std::size_t found = 0;
  const auto of_initializer = [&](std::string_view message) -> std::optional<Pieces> {
    const auto tensor = tensors.find(name_of_initializer(message));
    if (tensor == tensors.end()) return std::nullopt;
    ++found;
    return with_tensor(message, tensor->second, numbers);
  };
  const auto of_graph = [&](std::string_view graph) -> std::optional<Pieces> {
    return with_fields(graph, kInitializerOfGraph, of_initializer);
  };
  auto pieces = with_fields(model, kGraphOfModel, of_graph);
  if (found != tensors.size()) throw std::logic_error("export: the ONNX model lacks a tensor that is to be in it");
  return pieces;
}

}  // namespace

void write_onnx(const std::string& model, const std::map<std::string, at::Tensor>& tensors,
                const std::filesystem::path& path) {
  const auto pieces = with_tensors(model, tensors, Numbers::kKept);
  PendingFile file(path);
  pieces.write(file);
  file.commit();
}

std::string onnx_without_numbers(const std::string& model, const std::map<std::string, at::Tensor>& tensors) {
  return with_tensors(model, tensors, Numbers::kLeftOut).text();
}

}  // namespace warmstart
