# The kernels of the CPU library, compiled once for each instruction set. Included by native/CMakeLists.txt and by
# kernel-cases/CMakeLists.txt. Defines the object libraries gradsieve_kernels_baseline, _avx2 and _avx512, the target
# gradsieve_kernel_symbols that fails on a weak symbol in them, and
#   gradsieve_link_kernels(TARGET)   adds all three to a library or program
#   gradsieve_reference(SOURCE)      marks a test's reference in double precision.
# With GRADSIEVE_SANITIZE it and what is defined after it is built for the address and undefined-behaviour sanitizers.

set(GRADSIEVE_NATIVE ${CMAKE_CURRENT_LIST_DIR})
file(GLOB GRADSIEVE_KERNEL_SOURCES CONFIGURE_DEPENDS ${GRADSIEVE_NATIVE}/src/kernels/*.cpp)

# No -ffast-math: a NaN must survive. GCC 12 warns of its own intrinsics' undefined operands (-Wuninitialized).
set(GRADSIEVE_KERNEL_FLAGS -O3 -ffp-contract=fast -fno-math-errno -fno-trapping-math -fno-exceptions -fno-rtti
    -fvisibility=hidden -Wall -Wextra -Wno-uninitialized -Wno-maybe-uninitialized)
if(GRADSIEVE_SANITIZE)
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=address,undefined)
    set(CMAKE_CXX_FLAGS_RELEASE "-O1 -g1")
    list(APPEND GRADSIEVE_KERNEL_FLAGS -O1) # instrumented register tiles take minutes to optimise
endif()

# References take most of the tests' time. The sanitizers check what they read and write, but not their own index arithmetic,
# which halves it: they are what compares, not what is compared.
function(gradsieve_reference source)
    if(GRADSIEVE_SANITIZE)
        set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "-O2;-fno-sanitize=undefined")
    endif()
endfunction()

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
