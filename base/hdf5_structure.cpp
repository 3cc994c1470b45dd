#include "base/hdf5_structure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <set>
#include <string_view>

#include "base/errors.h"

namespace warmstart {
namespace {

static_assert(std::endian::native == std::endian::little, "the arrays are mapped as they lie in the file");

using Address = std::uint64_t;
constexpr Address kUndefined = ~Address{0};

// The sizes of a B-tree's node and of a symbol node follow from these, which the superblock states.
constexpr std::size_t kLeafK = 4, kInternalK = 16;
constexpr std::size_t kSuperblockBytes = 96, kEntryBytes = 40, kHeapBytes = 32, kHeaderBytes = 16, kMessageBytes = 8;
constexpr std::size_t kTreeNodeBytes = 24 + 8 * (4 * kInternalK + 1), kSymbolNodeBytes = 8 + 2 * kLeafK * kEntryBytes;
constexpr std::size_t kHighestTree = 8, kHighestRank = 32, kMostMessages = 64;
constexpr std::size_t kMostParts = 4 * kMostHdf5Objects;

enum Message : std::uint16_t {
  kNil = 0x0,
  kDataspace = 0x1,
  kDatatype = 0x3,
  kFillValue = 0x5,
  kLayout = 0x8,
  kSymbolTable = 0x11
};

[[noreturn]] void refuse(const std::string& what) { throw DataError(what); }
void check(bool holds, const char* what) {
  if (!holds) refuse(what);
}

// A part of the file that is known to lie within it.
class Part {
 public:
  explicit Part(std::span<const std::byte> bytes) : bytes_(bytes) {}

  Part part(Address offset, Address size) const {
    check(offset <= bytes_.size() && size <= bytes_.size() - offset, "it points beyond its end");
    return Part(bytes_.subspan(offset, size));
  }
  template <typename T>
  T get(std::size_t offset) const {
    T value;
    std::memcpy(&value, part(offset, sizeof value).bytes_.data(), sizeof value);
    return value;
  }
  std::size_t size() const { return bytes_.size(); }
  std::string_view text() const { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }

 private:
  std::span<const std::byte> bytes_;
};

struct KnownType {
  Hdf5Type type;
  std::size_t width;
  std::string_view message;
};

using namespace std::string_view_literals;

// The datatype messages that Hdf5Writer writes, up to their padding: class and version, class bits, size; then offset
// and precision in bits and, for floating point, where exponent and mantissa lie, and the exponent's bias.
constexpr std::array kNumberTypes = {
    KnownType{Hdf5Type::kUint8, 1, "\x10\x00\x00\x00\x01\x00\x00\x00\x00\x00\x08\x00"sv},
    KnownType{Hdf5Type::kUint32, 4, "\x10\x00\x00\x00\x04\x00\x00\x00\x00\x00\x20\x00"sv},
    KnownType{Hdf5Type::kInt64, 8, "\x10\x08\x00\x00\x08\x00\x00\x00\x00\x00\x40\x00"sv},
    KnownType{Hdf5Type::kFloat32, 4,
              "\x11\x20\x1f\x00\x04\x00\x00\x00\x00\x00\x20\x00\x17\x08\x00\x17\x7f\x00\x00\x00"sv},
    KnownType{Hdf5Type::kFloat64, 8,
              "\x11\x20\x3f\x00\x08\x00\x00\x00\x00\x00\x40\x00\x34\x0b\x00\x34\xff\x03\x00\x00"sv},
};
constexpr std::string_view kTextType = "\x13\x11\x00\x00"sv;  // UTF-8, padded with zero bytes; then its length

class Structure {
 public:
  explicit Structure(std::span<const std::byte> bytes) : file_(bytes) {}

  std::map<std::string, Hdf5Array> arrays() {
    const auto block = file_.part(0, kSuperblockBytes);
    check(block.text().starts_with("\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0"sv), "it does not begin as one");
    check(block.get<std::uint16_t>(16) == kLeafK && block.get<std::uint16_t>(18) == kInternalK &&
              block.get<Address>(24) == 0 && block.get<Address>(48) == kUndefined,
          "its superblock is another program's");
    check(block.get<Address>(40) == file_.size(), "it says that it has another length");
    object(block.get<Address>(64), "", 0);
    return std::move(arrays_);
  }

 private:
  struct Header {
    std::optional<Part> dataspace, datatype, layout, symbols;
  };

  // A structure that starts here; each is visited once.
  Part visit(Address address, Address size) {
    check(visited_.insert(address).second, "two of its parts are the same");
    check(visited_.size() <= kMostParts, "it has too many parts");
    return file_.part(address, size);
  }

  void object(Address address, const std::string& path, std::size_t depth) {
    check(++objects_ <= kMostHdf5Objects && depth <= kMostHdf5Depth, "it has too many objects, or too deep ones");
    const auto header = read_header(address);
    if (header.symbols) {
      check(!header.dataspace && !header.datatype && !header.layout, "one of its groups is an array, too");
      return group(*header.symbols, path, depth);
    }
    check(header.dataspace && header.datatype && header.layout && !path.empty(),
          "one of its objects is neither a group nor an array");
    check(arrays_.emplace(path, read_array(header)).second, "two of its arrays have one name");
  }

  Header read_header(Address address) {
    const auto prefix = visit(address, kHeaderBytes);
    check(prefix.get<std::uint8_t>(0) == 1, "an object's header is of another version");
    const auto messages = file_.part(address + kHeaderBytes, prefix.get<std::uint32_t>(8));
    Header header;
    auto left = prefix.get<std::uint16_t>(2);
    check(left <= kMostMessages, "an object has too many messages");
    for (std::size_t place = 0; left > 0; --left) {
      const auto start = messages.part(place, kMessageBytes);
      const auto content = messages.part(place + kMessageBytes, start.get<std::uint16_t>(2));
      check((start.get<std::uint8_t>(4) & 2) == 0, "a message is shared");
      add_message(header, start.get<std::uint16_t>(0), content);
      place += kMessageBytes + content.size();
    }
    return header;
  }

  static void add_message(Header& header, std::uint16_t kind, const Part& content) {
    if (kind == kNil || kind == kFillValue) return;
    auto* place = kind == kDataspace     ? &header.dataspace
                  : kind == kDatatype    ? &header.datatype
                  : kind == kLayout      ? &header.layout
                  : kind == kSymbolTable ? &header.symbols
                                         : nullptr;
    if (!place) refuse(fmt::format("it holds messages of kind {:#x}", kind));
    check(!*place, "an object has two messages of one kind");
    place->emplace(content);
  }

  void group(const Part& symbols, const std::string& path, std::size_t depth) {
    const auto heap = visit(symbols.get<Address>(8), kHeapBytes);
    check(heap.text().starts_with("HEAP\0"sv), "a group has no heap");
    const auto names = file_.part(heap.get<Address>(24), heap.get<Address>(8));
    const auto root = symbols.get<Address>(0);
    const auto level = file_.part(root, kTreeNodeBytes).get<std::uint8_t>(5);
    check(level <= kHighestTree, "a group's tree is too high");
    tree_node(root, level, names, path, depth);
  }

  void tree_node(Address address, std::size_t level, const Part& names, const std::string& path, std::size_t depth) {
    const auto node = visit(address, kTreeNodeBytes);
    const auto entries = node.get<std::uint16_t>(6);
    check(node.text().starts_with("TREE\0"sv) && node.get<std::uint8_t>(5) == level && entries <= 2 * kInternalK,
          "a group's tree is broken");
    for (std::size_t i = 0; i < entries; ++i) {
      const auto child = node.get<Address>(32 + 16 * i);
      level > 0 ? tree_node(child, level - 1, names, path, depth) : symbol_node(child, names, path, depth);
    }
  }

  void symbol_node(Address address, const Part& names, const std::string& path, std::size_t depth) {
    const auto node = visit(address, kSymbolNodeBytes);
    const auto entries = node.get<std::uint16_t>(6);
    check(node.text().starts_with("SNOD\1"sv) && entries <= 2 * kLeafK, "a group's list of names is broken");
    for (std::size_t i = 0; i < entries; ++i) {
      const auto entry = node.part(8 + i * kEntryBytes, kEntryBytes);
      check(entry.get<std::uint32_t>(16) <= 1, "it holds links");
      const auto name = read_name(names, entry.get<Address>(0));
      check(path.size() + name.size() < kLongestHdf5Path, "a name is too long");
      object(entry.get<Address>(8), (path.empty() ? "" : path + "/") + std::string(name), depth + 1);
    }
  }

  static std::string_view read_name(const Part& names, Address offset) {
    check(offset < names.size(), "a name lies outside of its heap");
    const auto rest = names.text().substr(offset, kLongestHdf5Path);
    const auto name = rest.substr(0, rest.find('\0'));
    check(name.size() < rest.size() && !name.empty() && name.find('/') == std::string_view::npos,
          "a name is empty, has no end, or holds a '/'");
    return name;
  }

  Hdf5Array read_array(const Header& header) const {
    auto array = read_type(*header.datatype);
    read_shape(array, *header.dataspace);
    const auto& layout = *header.layout;
    check(layout.get<std::uint8_t>(0) == 3 && layout.get<std::uint8_t>(1) == 1, "an array is not contiguous");
    const auto bytes = layout.get<std::uint64_t>(10);
    check(bytes / array.width == array.elements && bytes % array.width == 0,
          "an array's length does not fit its shape");
    if (bytes == 0) return array;
    array.offset = layout.get<Address>(2);
    file_.part(array.offset, bytes);
    check(array.type == Hdf5Type::kText || array.offset % array.width == 0, "an array is not aligned for mapping");
    return array;
  }

  static Hdf5Array read_type(const Part& message) {
    for (const auto& known : kNumberTypes) {
      if (message.text().starts_with(known.message)) return {known.type, known.width, {}, 0, 0};
    }
    check(message.text().starts_with(kTextType) && message.get<std::uint32_t>(4) > 0,
          "an array is of a type that Warmstart does not write");
    return {Hdf5Type::kText, message.get<std::uint32_t>(4), {}, 0, 0};
  }

  static void read_shape(Hdf5Array& array, const Part& message) {
    const auto rank = message.get<std::uint8_t>(1);
    check(message.get<std::uint8_t>(0) == 1 && rank <= kHighestRank && message.get<std::uint8_t>(2) <= 1,
          "an array's shape is of another version");
    array.elements = 1;
    for (std::size_t i = 0; i < rank; ++i) {
      array.shape.push_back(message.get<std::uint64_t>(8 + 8 * i));
      check(!__builtin_mul_overflow(array.elements, array.shape.back(), &array.elements), "an array is too large");
    }
  }

  Part file_;
  std::set<Address> visited_;
  std::size_t objects_ = 0;
  std::map<std::string, Hdf5Array> arrays_;
};

}  // namespace

std::map<std::string, Hdf5Array> arrays_in_hdf5(std::span<const std::byte> file) { return Structure(file).arrays(); }

}  // namespace warmstart
