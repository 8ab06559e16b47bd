package policy

// mix spreads the bits of x over all of the result: the finalizer of
// MurmurHash3 with David Stafford's constants (variant 13).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
