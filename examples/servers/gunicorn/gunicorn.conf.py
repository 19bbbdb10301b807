import multiprocessing

workers = 2
started = multiprocessing.Value("i")


def post_worker_init(worker):
    """A worker that is not so far yet misses TERM, and is killed in the end with what it has accepted."""
    with started.get_lock():
        started.value += 1
        if started.value == workers:
            print("all workers listen to TERM", flush=True)
