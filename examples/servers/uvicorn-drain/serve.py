"""uvicorn with a shutdown that answers everything that was accepted."""

import asyncio
import sys

import uvicorn


class Server(uvicorn.Server):
    async def shutdown(self, sockets=None):
        """uvicorn's own closes connections whose first request has not been read yet. Here they have five seconds."""
        for server in self.servers:
            server.close()  # from here on the other workers get what comes
        end = asyncio.get_running_loop().time() + 5
        while True:
            # Also a connection that accept(2) gave us a moment ago gets its protocol in this time.
            await asyncio.sleep(0.1)
            waiting = any(c.cycle is None for c in self.server_state.connections)
            if not waiting or asyncio.get_running_loop().time() > end:
                break
        await super().shutdown(sockets)


Server(uvicorn.Config("app:application", fd=int(sys.argv[2]), access_log=False)).run()
