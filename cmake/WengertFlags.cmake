# Compiler flags: everything that is compiled gets wengert_flags, kernels get more.

add_library(wengert_flags INTERFACE)
target_compile_features(wengert_flags INTERFACE cxx_std_20)
target_compile_options(wengert_flags INTERFACE
  -Wall -Wextra -ffp-contract=off
  # Calls inside the library go straight to their target.
  -fno-semantic-interposition -fno-plt
  $<$<BOOL:${WENGERT_WERROR}>:-Werror>
  # Functions start at cache lines: a change elsewhere must not move them to where branches collide,
  # which has cost a recorded operation 50 ns.
  $<$<CONFIG:Release>:-O2> $<$<CONFIG:Release>:-falign-functions=64>)

if(WENGERT_SANITIZE)
  target_compile_options(wengert_flags INTERFACE
    -fsanitize=${WENGERT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(wengert_flags INTERFACE -fsanitize=${WENGERT_SANITIZE})
endif()

add_library(wengert_kernel_flags INTERFACE)
target_compile_options(wengert_kernel_flags INTERFACE
  $<$<NOT:$<CONFIG:Debug>>:-O3> -fno-math-errno -fno-trapping-math)

# Kernels for many dtypes and one level: loops are vectorised, but their ends are left plain, which
# halves the code.
add_library(wengert_generic_flags INTERFACE)
target_compile_options(wengert_generic_flags INTERFACE
  $<$<NOT:$<CONFIG:Debug>>:-O2> -ftree-loop-vectorize -funswitch-loops -fno-math-errno -fno-trapping-math
  $<$<CXX_COMPILER_ID:GNU>:--param=vect-epilogues-nomask=0>)

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  set(isa_default v2 v3 v4)
else()
  set(isa_default baseline)
endif()
set(WENGERT_ISA_LEVELS "${isa_default}" CACHE STRING "Levels for which csrc/kernels/isa is compiled")

# The flags of one level. `baseline` is what the compiler does when nothing is asked for.
function(wengert_isa_flags level result)
  if(level STREQUAL "baseline")
    set(flags "")
  elseif(level MATCHES "^v[234]$")
    set(flags -march=x86-64-${level})
    if(level STREQUAL "v4")
      list(APPEND flags -mprefer-vector-width=512)
    endif()
  else()
    message(FATAL_ERROR "WENGERT_ISA_LEVELS: expected v2, v3, v4 or baseline, got ${level}")
  endif()
  set(${result} "${flags}" PARENT_SCOPE)
endfunction()
