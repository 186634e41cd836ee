"""MyAnimeList: progress and status of anime from counted episodes and films."""
