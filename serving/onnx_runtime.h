#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace warmstart {

// ONNX Runtime, where this machine has it: its shared library is loaded when it is asked for, through its C interface.
class OnnxRuntime {
 public:
  // Loads the library at $WARMSTART_ONNXRUNTIME, or else the one that scripts/setup installed, or the system's.
  // Returns null where there is none; throws EnvironmentError where one is named and cannot be used.
  static std::shared_ptr<OnnxRuntime> load();

  ~OnnxRuntime();
  OnnxRuntime(const OnnxRuntime&) = delete;
  OnnxRuntime& operator=(const OnnxRuntime&) = delete;

  std::string version() const;

 private:
  friend class OnnxSession;
  struct Library;
  explicit OnnxRuntime(std::unique_ptr<Library> library);
  std::unique_ptr<Library> library_;
};

// A model, ready to run on one thread of the CPU.
class OnnxSession {
 public:
  // Throws EnvironmentError with the runtime's words where the model is refused.
  OnnxSession(std::shared_ptr<OnnxRuntime> runtime, const std::filesystem::path& model);
  ~OnnxSession();
  OnnxSession(const OnnxSession&) = delete;
  OnnxSession& operator=(const OnnxSession&) = delete;

  // The `outputs` for these inputs: int64 or float32, on the CPU.  Throws DataError with the runtime's words.
  std::vector<at::Tensor> run(const std::map<std::string, at::Tensor>& inputs,
                              const std::vector<std::string>& outputs) const;

 private:
  struct Handles;
  std::shared_ptr<OnnxRuntime> runtime_;
  std::unique_ptr<Handles> handles_;
};

}  // namespace warmstart
