package fdpass

import "syscall"

// winsockRows is the table: what Windows says, kept where every system can test it. Sources: "Windows Sockets Error Codes", and the return
// values of the pages "WSASocketW function", "bind function", "listen function", "setsockopt function" and "WSADuplicateSocketW
// function" (winsock2.h).
func winsockRows() []winsockRow { return append(winsockCallRows(), winsockNetworkRows()...) }

// Words that several rows have.
const (
	wordBug     = "this is a bug"
	wordAnother = "choose another network"
	wordAnew    = "hand the socket over anew"
	wordDamaged = "its description is damaged"
)

// winsockCallRows: something is wrong with the call or with what it was given.
func winsockCallRows() []winsockRow {
	return []winsockRow{
		{6, "WSA_INVALID_HANDLE", syscall.EBADF, "", "the descriptor is not open", "something in this process closed it; " + wordBug},
		{8, "WSA_NOT_ENOUGH_MEMORY", syscall.ENOMEM, "", "the kernel has no memory left for it", "free memory, or end what uses most of it"},
		{10004, "WSAEINTR", syscall.EINTR, "", "the call was interrupted", "try again"},
		{10009, "WSAEBADF", syscall.EBADF, "", "the descriptor is not open", "something in this process closed it; " + wordBug},
		{10013, "WSAEACCES", syscall.EACCES, "socket", "permission denied to make such a socket", "a security policy forbids it"},
		{10013, "WSAEACCES", syscall.EACCES, "held", "the address is in use, held by {holder}, for itself alone", "stop that process, or choose another address"},
		{10013, "WSAEACCES", syscall.EACCES, "ours", "the address is in use, held by {holder}", "another listener has it: give one of them another address"},
		{10013, "WSAEACCES", syscall.EACCES, "bind", "permission denied to bind to this address: the port is kept for something else, or a program has it for itself alone",
			"see which ports Windows keeps: netsh int {ip} show excludedportrange protocol={transport}; or choose another port"},
		{10013, "WSAEACCES", syscall.EACCES, "export", "permission denied to give that process a socket", "run it as the same user, or supervise as Administrator"},
		{10013, "WSAEACCES", syscall.EACCES, "", "permission denied", "a security policy forbids it"},
		{10014, "WSAEFAULT", syscall.EFAULT, "", "the kernel could not read the address", wordBug},
		{10022, "WSAEINVAL", syscall.EINVAL, "zone", "a link-local address needs its interface", "write it as a zone: {host}%12, with a number of netsh int ipv6 show interfaces"},
		{10022, "WSAEINVAL", syscall.EINVAL, "bind", "the kernel does not take this address", "it is malformed, or the socket is bound already"},
		{10022, "WSAEINVAL", syscall.EINVAL, "listen", "the socket has no address", wordBug},
		{10022, "WSAEINVAL", syscall.EINVAL, "socket", "this kernel does not know the protocol", wordAnother},
		{10022, "WSAEINVAL", syscall.EINVAL, "export", "there is no such process", "start it again"},
		{10022, "WSAEINVAL", syscall.EINVAL, "import", "its description is not for this process, or was used before", wordAnew},
		{10022, "WSAEINVAL", syscall.EINVAL, "", "the value is out of the range that the kernel takes", "see setsockopt function (winsock2.h)"},
		{10024, "WSAEMFILE", syscall.EMFILE, "", "no more socket descriptors are available to this process", "close what is not needed, or split the services over several supervise"},
		{10035, "WSAEWOULDBLOCK", syscall.EWOULDBLOCK, "", "it cannot be done at once", "try again"},
		{10036, "WSAEINPROGRESS", syscall.EINPROGRESS, "", "a blocking call of Winsock is under way, or a provider is still at work", "try again"},
		{10037, "WSAEALREADY", syscall.EALREADY, "", "an operation is under way on this socket", "try again"},
		{10038, "WSAENOTSOCK", syscall.ENOTSOCK, "", "the descriptor is not a socket", "check what LISTEN_HANDLES hands over"},
		{10040, "WSAEMSGSIZE", syscall.EMSGSIZE, "", "the value is longer than the kernel takes", wordBug},
		{10041, "WSAEPROTOTYPE", syscall.EPROTOTYPE, "", "the protocol is not for this type of socket", wordAnother},
		{10042, "WSAENOPROTOOPT", syscall.ENOPROTOOPT, "socket", "this kernel has no {network} sockets for one process alone", wordAnother},
		{10042, "WSAENOPROTOOPT", syscall.ENOPROTOOPT, "option", "this kernel does not have the option for {network} sockets", "remove {op}"},
		{10042, "WSAENOPROTOOPT", syscall.ENOPROTOOPT, "", "the kernel does not tell it of this kind of socket", "hand over a tcp or udp socket"},
		{10043, "WSAEPROTONOSUPPORT", syscall.EPROTONOSUPPORT, "import", wordDamaged, wordAnew},
		{10043, "WSAEPROTONOSUPPORT", syscall.EPROTONOSUPPORT, "", "this kernel has no {network} sockets", wordAnother},
		{10044, "WSAESOCKTNOSUPPORT", syscall.ESOCKTNOSUPPORT, "import", wordDamaged, wordAnew},
		{10044, "WSAESOCKTNOSUPPORT", syscall.ESOCKTNOSUPPORT, "", "this kernel has no {network} sockets", wordAnother},
		{10045, "WSAEOPNOTSUPP", syscall.EOPNOTSUPP, "listen", "this kind of socket cannot listen", "only tcp has connections and a backlog"},
		{10045, "WSAEOPNOTSUPP", syscall.EOPNOTSUPP, "option", "this kernel does not have the option for {network} sockets", "remove {op}"},
		{10045, "WSAEOPNOTSUPP", syscall.EOPNOTSUPP, "export", "it is no socket", "only tcp and udp sockets are handed over like this"},
		{10045, "WSAEOPNOTSUPP", syscall.EOPNOTSUPP, "", "this kind of socket cannot do that", wordAnother},
	}
}

// winsockNetworkRows: something is wrong with the address, the network or Winsock itself.
func winsockNetworkRows() []winsockRow {
	return []winsockRow{
		{10046, "WSAEPFNOSUPPORT", syscall.EPFNOSUPPORT, "", "this kernel has no {family}", wordAnother + ", or turn it on for a network adapter"},
		{10047, "WSAEAFNOSUPPORT", syscall.EAFNOSUPPORT, "import", wordDamaged, wordAnew},
		{10047, "WSAEAFNOSUPPORT", syscall.EAFNOSUPPORT, "bind", "the address is of another family than the socket", "check network and host"},
		{10047, "WSAEAFNOSUPPORT", syscall.EAFNOSUPPORT, "", "this kernel has no {family}", wordAnother + ", or turn it on for a network adapter"},
		{10048, "WSAEADDRINUSE", syscall.EADDRINUSE, "any port", "no free port is left in the dynamic range", "see it: netsh int {ip} show dynamicport {transport}; widen it, or choose a port outside it"},
		{10048, "WSAEADDRINUSE", syscall.EADDRINUSE, "held", "the address is in use, held by {holder}", "stop that process, or choose another address"},
		{10048, "WSAEADDRINUSE", syscall.EADDRINUSE, "ours", "the address is in use, held by {holder}", "another listener has it: give one of them another address"},
		{10048, "WSAEADDRINUSE", syscall.EADDRINUSE, "", "the address is in use", "stop what has it, or choose another address"},
		{10049, "WSAEADDRNOTAVAIL", syscall.EADDRNOTAVAIL, "", "no interface of this machine has the address {host}{own}", "use one of these"},
		{10050, "WSAENETDOWN", syscall.ENETDOWN, "", "the network subsystem has failed", "look into the event log of Windows; start Windows anew if it stays so"},
		{10055, "WSAENOBUFS", syscall.ENOBUFS, "bind", "the kernel has no buffer space or no free port left for it", "free memory, end what has most connections, or choose another port"},
		{10055, "WSAENOBUFS", syscall.ENOBUFS, "", "the kernel has no buffer space left for it", "free memory, or lower receive_buffer and send_buffer"},
		{10056, "WSAEISCONN", syscall.EISCONN, "", "the socket is a connection, it cannot listen", "hand over a socket that listens"},
		{10057, "WSAENOTCONN", syscall.ENOTCONN, "", "the socket is not connected", wordBug},
		{10058, "WSAESHUTDOWN", syscall.ESHUTDOWN, "", "a process called shutdown() on the socket", "open the listener anew"},
		{10067, "WSAEPROCLIM", syscall.EAGAIN, "", "too many processes use Winsock at once", "end some of them"},
		{10091, "WSASYSNOTREADY", syscall.EAGAIN, "", "the network subsystem is not ready", "let the service start after the network: sc config NAME depend= Tcpip"},
		{10092, "WSAVERNOTSUPPORTED", syscall.ENOSYS, "", "this system has no Winsock 2.2", "supervise needs Windows 10 or Windows Server 2016"},
		{10093, "WSANOTINITIALISED", syscall.ENOSYS, "", "Winsock was not started in this process", wordBug},
		{10104, "WSAEINVALIDPROCTABLE", syscall.ENOSYS, "", "a network provider is broken", "repair it: netsh winsock reset, then start Windows anew"},
		{10105, "WSAEINVALIDPROVIDER", syscall.ENOSYS, "", "a network provider has the wrong version", "repair it: netsh winsock reset, then start Windows anew"},
		{10106, "WSAEPROVIDERFAILEDINIT", syscall.ENOSYS, "", "a network provider could not be started", "check that SYSTEMROOT is in the environment, or repair it: netsh winsock reset"},
		{10107, "WSASYSCALLFAILURE", syscall.EIO, "", "a system call failed that never should", "look into the event log of Windows"},
	}
}
