package dialect

// ReadyChannel returns the channel at descriptor fd by which a worker says in the words of when that it is
// ready, and the environment that tells it of the channel. It is false for words that need no channel.
func ReadyChannel(when string, fd int, worker Input) (Channel, []string, bool) {
	return Channel{}, nil, false
}
