package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// upTo returns the numbers from n down to 1.
func upTo(n int) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = float64(n - i)
	}
	return list
}

func TestSummarize(t *testing.T) {
	for _, tt := range []struct {
		name    string
		samples []float64
		want    stat
	}{
		{"one", []float64{7}, stat{N: 1, Min: 7, Median: 7, P99: 7, Max: 7}},
		{"even number", []float64{4, 1, 3, 2}, stat{N: 4, Min: 1, Median: 2.5, P99: 4, Max: 4}},
		{"below a hundred", upTo(99), stat{N: 99, Min: 1, Median: 50, P99: 99, Max: 99}},
		{"a hundred", upTo(100), stat{N: 100, Min: 1, Median: 50.5, P99: 99, Max: 100}},
		{"a thousand", upTo(1000), stat{N: 1000, Min: 1, Median: 500.5, P99: 990, Max: 1000}},
		{"below zero", []float64{-1, -3}, stat{N: 2, Min: -3, Median: -2, P99: -1, Max: -1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			first := tt.samples[0]
			if diff := cmp.Diff(tt.want, summarize(tt.samples)); diff != "" {
				t.Error(diff)
			}
			if tt.samples[0] != first {
				t.Error("the samples were sorted in place")
			}
		})
	}
}
