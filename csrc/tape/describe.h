// Programs as text and in numbers.
#pragma once

#include "tape/program.h"
#include "wengert/tape.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

std::string name_of(const Step& s);
TapeStep describe(const Step& s);
std::vector<TapeValue> describe_values(const Program& p);
std::string to_text(const Program& p);
// All but what the player knows.
TapeStats count(const Program& p);

}  // namespace tape
WENGERT_NAMESPACE_END
