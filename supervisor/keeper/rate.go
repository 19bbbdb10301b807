package keeper

// rateOf is that many processors in 1/10,000 of all there are, as Windows takes it: 1 to 10,000.
func rateOf(processors float64, all int) uint32 {
	return uint32(min(max(processors/float64(all)*10_000, 1), 10_000))
}
