// bcryptprimitives.dll for a Wine that has none: Go's runtime wants one function of it, ProcessPrng, for random bytes. Here it is by way
// of RtlGenRandom of advapi32.dll, which Wine has. Only for tests; Windows has the real one.
#include <windows.h>
#include <ntsecapi.h>

#define LARGEST 0x40000000u // bytes in one call of RtlGenRandom, which counts in 32 bits

// ProcessPrng fills data. Windows documents that it always returns TRUE; Go looks at no other result either.
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size)
{
	while (size > 0) {
		ULONG part = size < LARGEST ? (ULONG)size : LARGEST;
		if (!RtlGenRandom(data, part))
			return FALSE;
		data += part;
		size -= part;
	}
	return TRUE;
}
