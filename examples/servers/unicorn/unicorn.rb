listen '127.0.0.1:8110'
worker_processes 2
