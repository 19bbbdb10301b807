package control

// peerKey is where the context of a connection has its peer.
type peerKey struct{}
