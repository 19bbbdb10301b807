package output

import "time"

// Line is one line of a worker.
type Line struct {
	Time       time.Time `json:"time"`
	Service    string    `json:"service"`
	Generation int       `json:"generation"`
	Worker     int       `json:"worker"`
	Text       string    `json:"text"` // without the line end; any bytes

	// Missed is not zero in a line that Follow puts in: so many lines were overwritten before the reader came to them. Text
	// then says so in words.
	Missed int `json:"missed,omitempty"`
}
