// The structs of DLPack (https://dmlc.github.io/dlpack, version 1.0), the exchange of arrays
// between libraries without a copy.
#pragma once

#include <cstdint>

namespace wengert::python::dlpack {

enum DeviceType : int32_t { kCpu = 1 };
struct Device {
  int32_t type;
  int32_t id;
};

enum TypeCode : uint8_t {
  kInt = 0,
  kUInt = 1,
  kFloat = 2,
  kBfloat = 4,
  kComplex = 5,
  kBool = 6,
};
struct DataType {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;
};

struct Array {
  void* data;
  Device device;
  int32_t ndim;
  DataType dtype;
  int64_t* shape;
  int64_t* strides;  // in elements; nullptr: row-major
  uint64_t byte_offset;
};

struct Version {
  uint32_t major;
  uint32_t minor;
};
inline constexpr Version kVersion = {1, 0};

enum Flag : uint64_t { kReadOnlyFlag = 1, kCopiedFlag = 2 };

// Capsules named "dltensor".
struct Legacy {
  Array array;
  void* context;
  void (*deleter)(Legacy*);
};

// Capsules named "dltensor_versioned".
struct Versioned {
  Version version;
  void* context;
  void (*deleter)(Versioned*);
  uint64_t flags;
  Array array;
};

}  // namespace wengert::python::dlpack
