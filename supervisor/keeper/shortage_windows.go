package keeper

import (
	"sync"
	"unsafe"

	"golang.org/x/sys/windows"
)

// What a completion port says of a job (JOBOBJECT_ASSOCIATE_COMPLETION_PORT), as the number of bytes of a packet.
const (
	endOfProcessMemory = 9  // JOB_OBJECT_MSG_PROCESS_MEMORY_LIMIT
	endOfJobMemory     = 10 // JOB_OBJECT_MSG_JOB_MEMORY_LIMIT
	// asked and over are our own.
	asked = 1 << 16
	over  = 1<<16 + 1
)

// procGetPacket is not taken from x/sys, where the third value is a pointer: Go would take a pid for a broken one.
var procGetPacket = kernel32.NewProc("GetQueuedCompletionStatus")

// packet is what a completion port gives.
type packet struct {
	message uint32
	key     uintptr
	process uintptr // pid
}

// shortages hears which jobs were refused memory. There is one port, and one thread that reads it, as long as there are jobs with
// such a limit; Windows drops a packet for which there is no room, and so may they miss one.
type shortages struct {
	mu     sync.Mutex
	port   windows.Handle // 0: none
	last   uintptr        // key that was given out
	short  map[uintptr]bool
	askers map[uintptr]chan struct{} // of the next packet asked
}

// watch begins to hear of a job, under the key.
func (s *shortages) watch(job windows.Handle) (key uintptr, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.port == 0 {
		if s.port, err = windows.CreateIoCompletionPort(windows.InvalidHandle, 0, 0, 1); err != nil {
			return 0, err
		}
		s.short, s.askers = map[uintptr]bool{}, map[uintptr]chan struct{}{}
		go s.read(s.port)
	}
	s.last++
	s.short[s.last] = false
	port := struct{ key, port uintptr }{s.last, uintptr(s.port)} // JOBOBJECT_ASSOCIATE_COMPLETION_PORT
	if err := setJob(job, windows.JobObjectAssociateCompletionPortInformation, unsafe.Pointer(&port), unsafe.Sizeof(port)); err != nil {
		s.forget(s.last)
		return 0, err
	}
	return s.last, nil
}

// read is the goroutine of a port. It closes it.
func (s *shortages) read(port windows.Handle) {
	defer windows.CloseHandle(port)
	for {
		p := new(packet)
		ok, _, _ := procGetPacket.Call(uintptr(port), uintptr(unsafe.Pointer(&p.message)), uintptr(unsafe.Pointer(&p.key)), uintptr(unsafe.Pointer(&p.process)), windows.INFINITE)
		if ok == 0 || p.message == over {
			return
		}
		s.hear(p.message, p.key)
	}
}

func (s *shortages) hear(message uint32, key uintptr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch _, known := s.short[key]; {
	case !known: // the last of a job that was dropped
	case message == endOfJobMemory || message == endOfProcessMemory:
		s.short[key] = true
	case message == asked:
		s.answer(key)
	}
}

// of tells whether the job of the key was refused memory. Packets come in their order: what was sent before the end of its process is
// heard before the answer to a question from after it.
func (s *shortages) of(key uintptr) bool {
	answered := make(chan struct{})
	if s.ask(key, answered) {
		<-answered
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.short[key]
}

// ask has answered closed by the thread, or with the job; not where the job is not known.
func (s *shortages) ask(key uintptr, answered chan struct{}) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.short[key]; !known || windows.PostQueuedCompletionStatus(s.port, asked, key, nil) != nil {
		return false
	}
	s.askers[key] = answered
	return true
}

func (s *shortages) answer(key uintptr) {
	if answered := s.askers[key]; answered != nil {
		close(answered)
		delete(s.askers, key)
	}
}

// drop forgets a job, and the port with the last one.
func (s *shortages) drop(key uintptr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(key)
}

func (s *shortages) forget(key uintptr) {
	delete(s.short, key)
	s.answer(key)
	if len(s.short) == 0 {
		_ = windows.PostQueuedCompletionStatus(s.port, over, 0, nil)
		s.port = 0
	}
}
