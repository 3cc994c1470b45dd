#include "serving/onnx_runtime.h"

#include <ATen/ATen.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>

#include "base/errors.h"

namespace warmstart {
namespace {

// The C interface of ONNX Runtime is a table of functions, whose places never change (its versions only add some).
enum Function : std::size_t {
  kGetErrorMessage = 2,
  kCreateEnv = 3,
  kCreateSession = 7,
  kRun = 9,
  kCreateSessionOptions = 10,
  kSetIntraOpNumThreads = 24,
  kCreateTensorWithData = 49,
  kGetTensorMutableData = 51,
  kGetTensorElementType = 60,
  kGetDimensionsCount = 61,
  kGetDimensions = 62,
  kGetTensorTypeAndShape = 65,
  kCreateCpuMemoryInfo = 69,
  kReleaseEnv = 92,
  kReleaseStatus = 93,
  kReleaseMemoryInfo = 94,
  kReleaseSession = 95,
  kReleaseValue = 96,
  kReleaseTensorTypeAndShape = 99,
  kReleaseSessionOptions = 100,
};
constexpr std::uint32_t kInterface = 12;  // the oldest that has opset 17
constexpr int kFatalAlone = 4, kDeviceAllocator = 0, kDefaultMemory = 0, kFloat = 1, kInt64 = 7;

struct ApiBase {
  const void* const* (*api)(std::uint32_t version);
  const char* (*version)();
};

std::string named_library() {
  const auto* named = std::getenv("WARMSTART_ONNXRUNTIME");
  return named ? named : "";
}

int type_of(const at::Tensor& tensor) { return tensor.scalar_type() == at::kLong ? kInt64 : kFloat; }

}  // namespace

struct OnnxRuntime::Library {
  explicit Library(void* opened) : handle(opened) {
    const auto base = reinterpret_cast<const ApiBase* (*)()>(dlsym(handle, "OrtGetApiBase"));
    if (!base) throw EnvironmentError("is no ONNX Runtime: it has no OrtGetApiBase");
    version = base()->version();
    functions = base()->api(kInterface);
    if (!functions) throw EnvironmentError(fmt::format("ONNX Runtime {} is too old: take 1.12 or newer", version));
    check<EnvironmentError>(call<void*>(kCreateEnv, kFatalAlone, "warmstart", &environment));
    check<EnvironmentError>(call<void*>(kCreateCpuMemoryInfo, kDeviceAllocator, kDefaultMemory, &memory));
  }
  ~Library() {
    release(kReleaseMemoryInfo, memory);
    release(kReleaseEnv, environment);
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  template <typename Result, typename... Arguments>
  Result call(Function function, Arguments... arguments) const {
    return reinterpret_cast<Result (*)(Arguments...)>(const_cast<void*>(functions[function]))(arguments...);
  }

  // Of what most functions return.
  template <typename Failure>
  void check(void* status) const {
    if (!status) return;
    const std::string message = call<const char*>(kGetErrorMessage, status);
    release(kReleaseStatus, status);
    throw Failure("ONNX Runtime: " + message);
  }

  void release(Function function, void* object) const {
    if (object) call<void>(function, object);
  }

  void* handle;  // stays open: the library's threads and static objects outlive any of ours
  std::string version;
  const void* const* functions = nullptr;
  void *environment = nullptr, *memory = nullptr;
};

namespace {

// A value of the runtime's.
class OnnxValue {
 public:
  explicit OnnxValue(std::function<void(void*)> release) : release_(std::move(release)) {}
  OnnxValue(OnnxValue&& other) noexcept
      : value(std::exchange(other.value, nullptr)), release_(std::move(other.release_)) {}
  OnnxValue(const OnnxValue&) = delete;
  OnnxValue& operator=(const OnnxValue&) = delete;
  ~OnnxValue() {
    if (value) release_(value);
  }
  void* value = nullptr;

 private:
  std::function<void(void*)> release_;
};

}  // namespace

OnnxRuntime::OnnxRuntime(std::unique_ptr<Library> library) : library_(std::move(library)) {}
OnnxRuntime::~OnnxRuntime() = default;
std::string OnnxRuntime::version() const { return library_->version; }

std::shared_ptr<OnnxRuntime> OnnxRuntime::load() {
  const auto named = named_library();
  for (const auto& path : {named, std::string(WARMSTART_INSTALLED_ONNXRUNTIME), std::string("libonnxruntime.so.1")}) {
    if (path.empty()) continue;
    auto* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle && path != named) continue;
    if (!handle) throw EnvironmentError(fmt::format("WARMSTART_ONNXRUNTIME: {}", dlerror()));
    try {
      return std::shared_ptr<OnnxRuntime>(new OnnxRuntime(std::make_unique<Library>(handle)));
    } catch (const EnvironmentError& error) {
      throw EnvironmentError(fmt::format("{}: {}", path, error.what()));
    }
  }
  return nullptr;
}

struct OnnxSession::Handles {
  Handles(const OnnxRuntime::Library& of, const std::filesystem::path& model) : library(of) {
    library.check<EnvironmentError>(library.call<void*>(kCreateSessionOptions, &options));
    library.check<EnvironmentError>(library.call<void*>(kSetIntraOpNumThreads, options, 1));
    library.check<EnvironmentError>(
        library.call<void*>(kCreateSession, library.environment, model.c_str(), options, &session));
  }
  ~Handles() {
    library.release(kReleaseSession, session);
    library.release(kReleaseSessionOptions, options);
  }
  Handles(const Handles&) = delete;
  Handles& operator=(const Handles&) = delete;

  OnnxValue empty() const {
    return OnnxValue([&of = library](void* value) { of.release(kReleaseValue, value); });
  }

  OnnxValue value_of(const at::Tensor& tensor) const {
    auto made = empty();
    const auto sizes = tensor.sizes();
    library.check<DataError>(library.call<void*>(kCreateTensorWithData, library.memory, tensor.data_ptr(),
                                                 tensor.nbytes(), sizes.data(), sizes.size(), type_of(tensor),
                                                 &made.value));
    return made;
  }

  at::Tensor tensor_of(void* value) const {
    void *info = nullptr, *data = nullptr;
    std::size_t dimensions = 0;
    int type = 0;
    library.check<DataError>(library.call<void*>(kGetTensorTypeAndShape, value, &info));
    library.check<DataError>(library.call<void*>(kGetDimensionsCount, info, &dimensions));
    std::vector<std::int64_t> sizes(dimensions);
    library.check<DataError>(library.call<void*>(kGetDimensions, info, sizes.data(), dimensions));
    library.check<DataError>(library.call<void*>(kGetTensorElementType, info, &type));
    library.release(kReleaseTensorTypeAndShape, info);
    library.check<DataError>(library.call<void*>(kGetTensorMutableData, value, &data));
    return at::from_blob(data, sizes, type == kInt64 ? at::kLong : at::kFloat).clone();
  }

  const OnnxRuntime::Library& library;
  void *options = nullptr, *session = nullptr;
};

OnnxSession::OnnxSession(std::shared_ptr<OnnxRuntime> runtime, const std::filesystem::path& model)
    : runtime_(std::move(runtime)), handles_(std::make_unique<Handles>(*runtime_->library_, model)) {}
OnnxSession::~OnnxSession() = default;

std::vector<at::Tensor> OnnxSession::run(const std::map<std::string, at::Tensor>& inputs,
                                         const std::vector<std::string>& outputs) const {
  std::vector<at::Tensor> kept;
  std::vector<OnnxValue> values, results;
  std::vector<const char*> names, wanted;
  std::vector<void*> given, got;
  for (const auto& [name, tensor] : inputs) {
    kept.push_back(tensor.contiguous());
    values.push_back(handles_->value_of(kept.back()));
    names.push_back(name.c_str());
    given.push_back(values.back().value);
  }
  for (const auto& name : outputs) wanted.push_back(name.c_str());
  got.resize(outputs.size(), nullptr);
  const auto& library = handles_->library;
  library.check<DataError>(library.call<void*>(kRun, handles_->session, static_cast<void*>(nullptr), names.data(),
                                               given.data(), given.size(), wanted.data(), wanted.size(), got.data()));
  std::vector<at::Tensor> tensors;
  for (auto* value : got) {
    results.push_back(handles_->empty());
    results.back().value = value;
    tensors.push_back(handles_->tensor_of(value));
  }
  return tensors;
}

}  // namespace warmstart
