package main

import (
	"math"
	"slices"
)

// stat sums up samples of one kind, all in the same unit.
type stat struct {
	N      int     `json:"n"`
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	P99    float64 `json:"p99"`
	Max    float64 `json:"max"`
}

// summarize sums up samples, of which there must be one at least. The median of
// an even number is the mean of the two in the middle. The 99th percentile is
// the smallest sample that 99 % do not exceed: with less than 100 samples it is
// the greatest.
func summarize(samples []float64) stat {
	s := slices.Sorted(slices.Values(samples))
	n := len(s)
	return stat{
		N: n, Min: s[0], Max: s[n-1],
		Median: (s[(n-1)/2] + s[n/2]) / 2,
		P99:    s[int(math.Ceil(0.99*float64(n)))-1],
	}
}
