# php-fpm: FPM_SOCKETS maps addresses to descriptors. QUIT lets it finish, for as long as process_control_timeout says.

listener "fcgi" {
  address = "tcp://127.0.0.1:8104" # the same as in php-fpm.conf; php-fpm closes a socket that it has no pool for
  backlog = 1024
}

service "php-fpm" {
  preset    = "php-fpm"
  command   = ["php-fpm8.2", "--nodaemonize", "--fpm-config", "php-fpm.conf"]
  listeners = ["fcgi"]
}
