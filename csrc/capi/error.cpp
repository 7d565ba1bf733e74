#include "wengert/error.h"

#include <memory>
#include <new>

#include "capi/call.h"

namespace wengert::capi {
namespace {

struct LastError {
  wg_status type = WG_OK;
  std::string message;
};
// One pointer only: a library that is loaded late finds little room for thread-local variables.
thread_local std::unique_ptr<LastError> last_error;
thread_local bool out_of_memory = false;  // there was none for the error either

wg_status keep(wg_status type, const char* message) noexcept {
  try {
    std::string text = message;  // it may be the one that is replaced
    if (!last_error) last_error = std::make_unique<LastError>();
    last_error->type = type;
    last_error->message = std::move(text);
    out_of_memory = false;
    return type;
  } catch (...) {
    out_of_memory = true;
    return WG_OUT_OF_MEMORY;
  }
}

}  // namespace

wg_status take_exception() noexcept {
  try {
    throw;
  } catch (const ValueError& e) {
    return keep(WG_VALUE_ERROR, e.what());
  } catch (const TypeError& e) {
    return keep(WG_TYPE_ERROR, e.what());
  } catch (const IndexError& e) {
    return keep(WG_INDEX_ERROR, e.what());
  } catch (const NotImplementedError& e) {
    return keep(WG_NOT_IMPLEMENTED, e.what());
  } catch (const LinAlgError& e) {
    return keep(WG_LINALG_ERROR, e.what());
  } catch (const IoError& e) {
    return keep(WG_IO_ERROR, e.what());
  } catch (const OutOfMemoryError& e) {
    return keep(WG_OUT_OF_MEMORY, e.what());
  } catch (const InternalError& e) {
    return keep(WG_INTERNAL_ERROR, e.what());
  } catch (const Error& e) {
    return keep(WG_ERROR, e.what());
  } catch (const std::bad_alloc&) {
    return keep(WG_OUT_OF_MEMORY, "the system has no more memory");
  } catch (const std::exception& e) {
    return keep(WG_INTERNAL_ERROR, e.what());
  } catch (...) {
    return keep(WG_INTERNAL_ERROR, "an exception of an unknown type");
  }
}

void throw_status(wg_status status, const char* where) {
  std::string text = where;
  text += ": ";
  text += wg_last_error() == status ? wg_last_error_message() : "the callback has failed";
  switch (status) {
    case WG_VALUE_ERROR:
      throw ValueError(text);
    case WG_TYPE_ERROR:
      throw TypeError(text);
    case WG_INDEX_ERROR:
      throw IndexError(text);
    case WG_NOT_IMPLEMENTED:
      throw NotImplementedError(text);
    case WG_LINALG_ERROR:
      throw LinAlgError(text);
    case WG_IO_ERROR:
      throw IoError(text);
    case WG_OUT_OF_MEMORY:
      throw OutOfMemoryError(text);
    default:
      throw Error(text);
  }
}

}  // namespace wengert::capi

using namespace wengert::capi;

int32_t wg_abi_version(void) { return WG_ABI_VERSION; }
const char* wg_version(void) { return WENGERT_VERSION; }

wg_status wg_last_error(void) {
  if (out_of_memory) return WG_OUT_OF_MEMORY;
  return last_error ? last_error->type : WG_OK;
}
const char* wg_last_error_message(void) {
  if (out_of_memory) return "the system has no more memory";
  return last_error ? last_error->message.c_str() : "";
}
wg_status wg_set_error(wg_status type, const char* message) {
  return keep(type, message ? message : "");
}
