// Package image makes what a virtual machine boots: Debian's kernels, each with
// its modules on a disk of their own, and Debian systems as images of a root
// file system. Any system boots with any kernel.
//
// All of it is kept in a cache, under a name that holds a hash of its
// description: the files of this package that say what is in it. What is built
// gets that name when it is whole. Nothing on the machine is changed; the
// archive is the one that the machine's own packages come from.
package image
