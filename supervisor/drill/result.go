package drill

// Result is what a drill counted. Attempts is the sum of the classes.
type Result struct {
	Restarts int `json:"restarts"` // complete
	Attempts int `json:"attempts"`
	OK       int `json:"ok"`
	Refused  int `json:"refused"`
	Reset    int `json:"reset"`
	EOF      int `json:"eof"`
	Timeout  int `json:"timeout"`
	Other    int `json:"other"`

	Latency Latency `json:"latency_ms"`

	// Failed are the first few losses of each class in words, with the restart during which they happened.
	Failed []string `json:"-"`
}

// Latency is the time of successful attempts from before connect to the end of the response, in milliseconds. The
// percentiles are at most 1 % off, Max is exact.
type Latency struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Lost is the number of attempts that were not answered.
func (r Result) Lost() int { return r.Refused + r.Reset + r.EOF + r.Timeout + r.Other }
