package drill

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// A bucket is 1/128 of a power of two wide, so its middle is at most 0.4 % off; every time.Duration has one.
const (
	subBits    = 7
	numBuckets = (64 - subBits) << subBits
)

// histogram counts durations in fixed memory (57 KiB). The zero value is empty. Safe for concurrent use.
type histogram struct {
	count [numBuckets]atomic.Uint64
	max   atomic.Int64
}

func (h *histogram) add(d time.Duration) {
	d = max(d, 0)
	h.count[bucket(uint64(d))].Add(1)
	for {
		old := h.max.Load()
		if int64(d) <= old || h.max.CompareAndSwap(old, int64(d)) {
			return
		}
	}
}

// bucket keeps the leading subBits+1 bits. Values below 128 have a bucket each.
func bucket(v uint64) int {
	shift := max(bits.Len64(v)-subBits-1, 0)
	return shift<<subBits + int(v>>shift)
}

// middle is the inverse of bucket.
func middle(i int) uint64 {
	shift := max(i>>subBits-1, 0)
	low := uint64(i-shift<<subBits) << shift
	return low + (uint64(1)<<shift)/2
}

// percentile is the value that so many of 100 do not exceed; 0 if there is none.
func (h *histogram) percentile(p float64) time.Duration {
	var total, seen uint64
	for i := range h.count {
		total += h.count[i].Load()
	}
	rank := uint64(math.Ceil(p / 100 * float64(total)))
	for i := range h.count {
		if seen += h.count[i].Load(); seen > 0 && seen >= max(rank, 1) {
			return min(time.Duration(middle(i)), time.Duration(h.max.Load()))
		}
	}
	return 0
}

func (h *histogram) latency() Latency {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return Latency{P50: ms(h.percentile(50)), P99: ms(h.percentile(99)), Max: ms(time.Duration(h.max.Load()))}
}
