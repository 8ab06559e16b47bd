// Package vm runs one virtual machine in QEMU and talks to the agent inside it.
//
// The machine has no network card and nothing of the host but its processor: a
// disk that is an overlay of an image, the kernel's modules on a second one, a
// console that goes to a file, and a serial port for the agent. Attackers live
// in the guest, in network namespaces.
//
// Every wait has a deadline. The deadlines that callers give are those of a real
// machine: the package multiplies them by Slow where the processor is emulated.
package vm
