// Package channel makes the descriptors by which a worker says that it is ready, beside sd_notify(3), and listens to them.
//
//	Open ──▶ theirs ──stage──▶ worker ──"\n", byte 42, "READY=1", ...──▶ ours ──Listen──▶ ready, once
//	                                                                      └──▶ held by the keeper: outlives whoever listens
//
// What makes a worker ready stays in the channel until ready has returned: one who is killed before leaves it to the next. All that comes
// after it is taken out and means nothing, for the life of the worker: a heartbeat that nobody takes would stop it at last.
//
// Windows has the pipe alone. There nobody comes after one who is killed, so what was read is not kept for anybody.
package channel
