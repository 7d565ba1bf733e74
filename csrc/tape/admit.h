// What of an operation's inputs and attributes its functions check before they call it, and a file
// must be asked for too.
#pragma once

#include <string>

#include "tape/program.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

// Throws unless `infer` may be called, and what `compute`, and of a rule `vjp`, are then given is
// something that the library itself could have given them. ValueError for an operation of which
// that is not known: it cannot stand in files.
void admit(const std::string& key, const OpValue& op, const Infer& m);

}  // namespace tape
WENGERT_NAMESPACE_END
