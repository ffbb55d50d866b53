# The kernels of the CPU library, compiled once for each instruction set. Included by native/CMakeLists.txt and by
# kernel-cases/CMakeLists.txt. Defines the object libraries gradsieve_kernels_baseline, _avx2 and _avx512, the target
# gradsieve_kernel_symbols that fails on a weak symbol in them, and
#   gradsieve_link_kernels(TARGET)   adds all three to a library or program.

set(GRADSIEVE_NATIVE ${CMAKE_CURRENT_LIST_DIR})
file(GLOB GRADSIEVE_KERNEL_SOURCES CONFIGURE_DEPENDS ${GRADSIEVE_NATIVE}/src/kernels/*.cpp)

# No -ffast-math: a NaN must survive. GCC 12 warns of its own intrinsics' undefined operands (-Wuninitialized).
set(GRADSIEVE_KERNEL_FLAGS -O3 -ffp-contract=fast -fno-math-errno -fno-trapping-math -fno-exceptions -fno-rtti
    -fvisibility=hidden -Wall -Wextra -Wno-uninitialized -Wno-maybe-uninitialized)
if(GRADSIEVE_SANITIZE)
    list(APPEND GRADSIEVE_KERNEL_FLAGS -O1) # instrumented register tiles take minutes to optimise
endif()

function(gradsieve_kernels isa march)
    set(name gradsieve_kernels_${isa})
    add_library(${name} OBJECT ${GRADSIEVE_KERNEL_SOURCES})
    target_include_directories(${name} PRIVATE ${GRADSIEVE_NATIVE}/include ${GRADSIEVE_NATIVE}/src ${GRADSIEVE_NATIVE}/src/kernels)
    target_compile_definitions(${name} PRIVATE GS_ISA=${isa})
    target_compile_options(${name} PRIVATE ${GRADSIEVE_KERNEL_FLAGS} -march=${march})
    set_target_properties(${name} PROPERTIES CXX_STANDARD 17 CXX_EXTENSIONS ON POSITION_INDEPENDENT_CODE ON)
endfunction()

gradsieve_kernels(baseline x86-64-v2)
gradsieve_kernels(avx2 x86-64-v3)
gradsieve_kernels(avx512 x86-64-v4)

# The linker keeps one copy of a weak symbol, perhaps the one with AVX-512 in it, for all three.
set(stamp ${CMAKE_CURRENT_BINARY_DIR}/kernel-symbols.stamp)
add_custom_command(
    OUTPUT ${stamp}
    COMMAND sh ${GRADSIEVE_NATIVE}/check-symbols.sh ${CMAKE_NM} "$<TARGET_OBJECTS:gradsieve_kernels_baseline>"
        "$<TARGET_OBJECTS:gradsieve_kernels_avx2>" "$<TARGET_OBJECTS:gradsieve_kernels_avx512>"
    COMMAND ${CMAKE_COMMAND} -E touch ${stamp}
    DEPENDS $<TARGET_OBJECTS:gradsieve_kernels_baseline> $<TARGET_OBJECTS:gradsieve_kernels_avx2>
        $<TARGET_OBJECTS:gradsieve_kernels_avx512> ${GRADSIEVE_NATIVE}/check-symbols.sh
    COMMAND_EXPAND_LISTS
    COMMENT "Checking the kernels for weak symbols")
add_custom_target(gradsieve_kernel_symbols ALL DEPENDS ${stamp})
add_dependencies(gradsieve_kernel_symbols gradsieve_kernels_baseline gradsieve_kernels_avx2 gradsieve_kernels_avx512)

function(gradsieve_link_kernels target)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:gradsieve_kernels_baseline> $<TARGET_OBJECTS:gradsieve_kernels_avx2>
        $<TARGET_OBJECTS:gradsieve_kernels_avx512>)
endfunction()
