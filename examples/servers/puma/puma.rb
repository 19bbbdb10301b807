bind 'tcp://127.0.0.1:8109'
environment 'production'
threads 4, 4
queue_requests false # else TERM closes connections that were accepted and have not sent anything yet
