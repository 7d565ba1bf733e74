// Attributes of operations as they stand in files.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ops/operations.h"
#include "tape/json.h"
#include "tape/program.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

using Attribute =
    std::variant<bool, int64_t, uint64_t, double, DType, Scalar, std::vector<int64_t>, std::string>;
using Attributes = std::vector<std::pair<std::string, Attribute>>;

// A number that names a kernel is its name.
Attributes attributes_of(const std::string& key, const OpValue& op);
std::string to_json(const Attribute& v);
// An operation of this class with the attributes that stand in an object; ValueError where one is
// missing, unknown, or of another type.
OpValue make_operation(const Operation& operation, const Json* attributes);

DType dtype_named(const std::string& name);

}  // namespace tape
WENGERT_NAMESPACE_END
