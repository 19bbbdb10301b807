package keeper

import "testing"

func TestRateOf(t *testing.T) {
	tests := []struct {
		processors float64
		all        int
		want       uint32
	}{
		{1, 1, 10_000}, {1, 4, 2_500}, {0.5, 2, 2_500}, {3, 8, 3_750}, {8, 4, 10_000}, {0.000001, 64, 1}, {0.1, 3, 333},
	}
	for _, tt := range tests {
		if got := rateOf(tt.processors, tt.all); got != tt.want {
			t.Errorf("%v of %d: %d, want %d", tt.processors, tt.all, got, tt.want)
		}
	}
}
