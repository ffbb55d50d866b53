/**
 * The native library from Java: {@link io.gradsieve.natives.NativeLibrary} unpacks and loads it,
 * {@code CpuLibrary} (generated from {@code gradsieve.h}) holds its functions, {@link
 * io.gradsieve.natives.NativeException} is a failed call. Uses nothing of ours; never keeps memory,
 * knows no layer and no plan. Read {@link io.gradsieve.natives.NativeLibrary} first.
 */
@NullMarked
package io.gradsieve.natives;

import org.jspecify.annotations.NullMarked;
